"""The table of a folder's life, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.cloud.shares import Share
from portal.courses.rights import ADMINISTRATOR, MAKER, WRITER, Deed, may
from portal.folders import failures
from portal.folders.decisions import (
    Action,
    Adopt,
    CreateShare,
    DeleteShare,
    ExtendShare,
    Fail,
    MarkAvailable,
    MarkDeleted,
    Wait,
    decide,
)
from portal.folders.models import Folder, Status

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GONE = Fail(failures.lost())


def folder(status: Status, target: Status = Status.AVAILABLE, share_id: str | None = "s", wanted: int = 1) -> Folder:
    return Folder(status=status, target=target, share_id=share_id, size_gb=1, wanted_gb=wanted)


def share(status: str, size: int = 1) -> Share:
    return Share("s", "slipway-folder-x", status, size, "2026-11-21T12:00:00")


TABLE = [
    (folder(Status.CREATING, share_id=None), None, CreateShare()),
    (folder(Status.CREATING, share_id=None), share("creating"), Adopt("s")),
    (folder(Status.CREATING), share("creating"), Wait()),
    (folder(Status.CREATING), share("available"), MarkAvailable(1)),
    (folder(Status.CREATING), share("error"), Fail(failures.of_share("error"))),
    (folder(Status.CREATING), None, GONE),
    (folder(Status.AVAILABLE), share("available"), Wait()),
    (folder(Status.AVAILABLE), share("available", 5), MarkAvailable(5)),
    (folder(Status.AVAILABLE), share("error"), Fail(failures.of_share("error"))),
    (folder(Status.AVAILABLE), None, GONE),
    (folder(Status.GROWING, wanted=3), share("available"), ExtendShare("s")),
    (folder(Status.GROWING, wanted=3), share("extending"), Wait()),
    (folder(Status.GROWING, wanted=3), share("available", 3), MarkAvailable(3)),
    (folder(Status.GROWING, wanted=3), share("extending_error"), Fail(failures.of_share("extending_error"))),
    (folder(Status.FAILED), share("error"), Wait()),
    (folder(Status.FAILED), share("available"), MarkAvailable(1)),
    (folder(Status.FAILED), None, Wait()),
    (folder(Status.FAILED, share_id=None), None, Wait()),
    (folder(Status.DELETING, Status.DELETED), share("available"), DeleteShare("s")),
    (folder(Status.DELETING, Status.DELETED), share("error_deleting"), DeleteShare("s")),
    (folder(Status.DELETING, Status.DELETED), share("deleting"), Wait()),
    (folder(Status.DELETING, Status.DELETED), None, MarkDeleted()),
    (folder(Status.DELETING, Status.DELETED, share_id=None), share("creating"), DeleteShare("s")),
]


@pytest.mark.parametrize(("row", "said", "action"), TABLE)
def test_the_row_and_manilas_word_give_one_action(row: Folder, said: Share | None, action: Action) -> None:
    assert decide(row, said, NOW) == action


def test_a_delete_that_was_asked_for_just_now_is_not_asked_for_again() -> None:
    asked = folder(Status.DELETING, Status.DELETED)
    asked.retry_at = NOW + timedelta(seconds=1)
    assert decide(asked, share("available"), NOW) == Wait()
    assert decide(asked, share("available"), NOW + timedelta(seconds=2)) == DeleteShare("s")


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("Requested share exceeds allowed project/user or share type gigabytes quota. (HTTP 413)", "not so much room"),
        (
            "Maximum number of shares allowed (20) either per project/user or share type quota is exceeded. (HTTP 413)",
            "as many folders",
        ),
        ("Requested share size 60 is larger than maximum allowed limit 50. (HTTP 413)", "One folder"),
        ("Share type nfs could not be found. (HTTP 404)", "kind of storage"),
        ("Something else (HTTP 400)", "The cloud refuses it: Something else"),
    ],
)
def test_the_clouds_no_is_told_in_plain_words_with_its_own_behind(said: str, word: str) -> None:
    failure = failures.not_made(said)
    assert word in failure.why
    assert said in failure.why
    assert failure.next


def test_who_may_do_what() -> None:
    def able(*parts: str) -> set[Deed]:
        ours = {Deed.WRITE_FOLDER, Deed.GROW_FOLDER, Deed.DELETE_FOLDER, Deed.SEE_GUESTS}
        return {deed for deed in ours if may(deed, parts)}

    assert able() == able("student") == set()
    assert able("student", WRITER) == {Deed.WRITE_FOLDER}
    assert able("student", MAKER) == {Deed.WRITE_FOLDER, Deed.GROW_FOLDER, Deed.DELETE_FOLDER}
    assert able("assistant") == {Deed.WRITE_FOLDER, Deed.SEE_GUESTS}
    assert able("teacher") == {Deed.WRITE_FOLDER, Deed.GROW_FOLDER, Deed.DELETE_FOLDER, Deed.SEE_GUESTS}
    assert able(ADMINISTRATOR) == {Deed.GROW_FOLDER, Deed.DELETE_FOLDER, Deed.SEE_GUESTS}
