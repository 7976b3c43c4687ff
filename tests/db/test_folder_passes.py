"""Passes over a course's folders, with answers of Manila as they were recorded."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from portal import live
from portal.accounts.models import User
from portal.clusters.models import Cluster, Node, Status
from portal.courses.models import Course
from portal.folders import grants, reconciler
from portal.folders.models import Folder, Grant, Mount
from portal.folders.models import Status as FolderStatus
from portal.folders.reconciler import reconcile
from portal.folders.services import FolderWish, create, delete, grow
from portal.locks import key_of
from tests.db.manila_answers import Recorded

OVER = "Requested share exceeds allowed project/user or share type gigabytes quota."
NO = (413, {"overLimit": {"code": 413, "message": OVER}})


def share(folder: Folder, status: str = "available", **changes: Any) -> dict[str, Any]:
    named = {"id": folder.share_id or "s1", "name": folder.share_name, "status": status, "size": folder.size_gb}
    return {**named, "created_at": "2026-11-21T12:00:00", **changes}


def lists(manila: Recorded, *shares: dict[str, Any]) -> None:
    manila.answers["GET /v2/shares/detail"] = (200, {"shares": list(shares)})


def lists_rules(manila: Recorded, *subjects: str, state: str = "active") -> None:
    rows = [
        {"id": f"rule-{each}", "access_type": "ip", "access_to": each, "access_level": "rw", "state": state}
        for each in subjects
    ]
    manila.answers["GET /v2/share-access-rules"] = (200, {"access_list": rows})


def takes_actions(manila: Recorded, folder: Folder) -> None:
    manila.answers[f"POST /v2/shares/{folder.share_id}/action"] = (202, {"access": {"id": "new"}})


def actions(manila: Recorded) -> list[dict[str, Any]]:
    return [body for call, body in manila.calls if call.endswith("/action")]


def allowed(manila: Recorded) -> list[str]:
    return [body["allow_access"]["access_to"] for body in actions(manila) if "allow_access" in body]


def denied(manila: Recorded) -> list[str]:
    return [body["deny_access"]["access_id"] for body in actions(manila) if "deny_access" in body]


def pass_over(folder: Folder) -> Folder:
    reconcile(Course.objects.get(pk=folder.course_id))
    folder.refresh_from_db()
    return folder


@pytest.fixture
def fresh(alice: User, course: Course) -> Folder:
    return create(alice, FolderWish(str(course.pk), "data", 2))


@pytest.fixture
def mount(folder: Folder, ready: Cluster) -> Mount:
    """Alice's cluster with three machines, 127.88.3.10 to .12, mounts the folder."""
    return Mount.objects.create(folder=folder, cluster=ready, path="/data/flights", access="rw")


def test_a_folder_becomes_available_in_steps_each_of_which_may_be_the_last_before_a_kill(
    manila: Recorded, fresh: Folder
) -> None:
    manila.answers["POST /v2/shares"] = (200, {"share": share(fresh, "creating")})
    assert pass_over(fresh).share_id == "s1"
    lists(manila, share(fresh, "creating"))
    assert pass_over(fresh).status == FolderStatus.CREATING
    lists(manila, share(fresh))
    assert pass_over(fresh).status == FolderStatus.CREATING  # without an export nobody could mount it
    manila.answers["GET /v2/shares/s1/export_locations"] = (200, {"export_locations": [{"id": "1", "path": "h:/x"}]})
    assert pass_over(fresh).status == FolderStatus.AVAILABLE
    assert fresh.exports == ["h:/x"]
    assert [call for call, _ in manila.calls].count("POST /v2/shares") == 1


def test_a_share_whose_id_was_never_saved_is_adopted_and_a_second_one_goes(manila: Recorded, fresh: Folder) -> None:
    lists(
        manila,
        share(fresh, id="later", created_at="2026-11-21T12:00:09"),
        share(fresh, "creating", id="first"),
        share(fresh, id="foreign", name="somebody else's"),
    )
    assert pass_over(fresh).share_id == "first"
    assert [call for call, _ in manila.calls if call.startswith("DELETE")] == ["DELETE /v2/shares/later"]
    assert not any(call == "POST /v2/shares" for call, _ in manila.calls)


def test_a_share_that_comes_after_its_folder_was_given_up_is_deleted(manila: Recorded, fresh: Folder) -> None:
    delete(fresh.maker, fresh.pk)
    assert pass_over(fresh).status == FolderStatus.DELETED
    lists(manila, share(fresh, "creating"))
    pass_over(fresh)
    assert ("DELETE /v2/shares/s1", None) in manila.calls


def test_the_quotas_no_to_a_new_folder_is_told_in_plain_words(manila: Recorded, fresh: Folder) -> None:
    manila.answers["POST /v2/shares"] = NO
    assert pass_over(fresh).status == FolderStatus.FAILED
    assert "not so much room" in fresh.failure["why"]
    assert "quota" in fresh.failure["next"]
    assert pass_over(fresh).status == FolderStatus.FAILED
    assert [call for call, _ in manila.calls].count("POST /v2/shares") == 1


def test_the_quotas_no_to_a_growth_leaves_the_folder_as_it_was(manila: Recorded, folder: Folder, bob: User) -> None:
    lists(manila, share(folder))
    manila.answers[f"POST /v2/shares/{folder.share_id}/action"] = NO
    grow(bob, folder.pk, 9)
    assert pass_over(folder).status == FolderStatus.AVAILABLE
    assert (folder.size_gb, folder.wanted_gb) == (5, 5)
    assert "It is as it was" in folder.failure["what"]


def test_a_growth_extends_the_share_and_makes_none(manila: Recorded, folder: Folder, bob: User) -> None:
    lists(manila, share(folder))
    takes_actions(manila, folder)
    manila.answers[f"GET /v2/shares/{folder.share_id}/export_locations"] = (
        200, {"export_locations": [{"id": "1", "path": "h:/x"}]},
    )  # fmt: skip
    grow(bob, folder.pk, 9)
    assert pass_over(folder).status == FolderStatus.GROWING
    assert actions(manila) == [{"extend": {"new_size": 9}}]
    lists(manila, share(folder, size=9))
    assert pass_over(folder).status == FolderStatus.AVAILABLE
    assert folder.size_gb == 9
    assert not any(call == "POST /v2/shares" for call, _ in manila.calls)


def test_a_folder_waits_for_a_storage_that_is_silent_and_says_so(course: Course, fresh: Folder) -> None:
    assert "does not answer" in pass_over(fresh).waiting_for
    course.refresh_from_db()
    assert course.folders_reconciled_at > timezone.now()  # it is asked less often meanwhile


def test_it_waits_no_longer_than_the_storage_is_silent(manila: Recorded, fresh: Folder) -> None:
    Folder.objects.update(waiting_for=reconciler.NO_ANSWER)
    lists(manila, share(fresh, "creating"))
    assert pass_over(fresh).waiting_for == ""


def test_a_pass_keeps_out_of_another_ones_way(manila: Recorded, fresh: Folder, course: Course) -> None:
    other = connections.create_connection("default")
    with other.cursor() as cursor:  # another process that is in the middle of its pass
        cursor.execute("SELECT pg_advisory_lock(%s)", [key_of(f"shares of project {course.project_id}")])
        pass_over(fresh)
    other.close()
    assert manila.calls == []


def test_machines_are_let_in_one_by_one_as_soon_as_their_addresses_are_known(
    manila: Recorded, folder: Folder, mount: Mount
) -> None:
    lists(manila, share(folder))
    takes_actions(manila, folder)
    lists_rules(manila)
    Node.objects.filter(name="worker-02").update(address=None)
    Cluster.objects.update(status=Status.CREATING)
    pass_over(folder)
    assert allowed(manila) == ["127.88.3.10", "127.88.3.11"]
    lists_rules(manila, "127.88.3.10", "127.88.3.11")
    Node.objects.filter(name="worker-02").update(address="127.88.3.12")
    pass_over(folder)
    assert allowed(manila)[2:] == ["127.88.3.12"]
    manila.calls.clear()
    pass_over(folder)
    assert [call for call, _ in manila.calls] == ["GET /v2/shares/detail"]  # nothing to do costs one request


def test_an_allow_that_was_never_answered_is_asked_for_again(manila: Recorded, folder: Folder, mount: Mount) -> None:
    lists(manila, share(folder))
    lists_rules(manila)
    manila.answers[f"POST /v2/shares/{folder.share_id}/action"] = (503, "away")
    pass_over(folder)
    assert grants.stand(mount.cluster_id)  # Manila may have taken it
    takes_actions(manila, folder)
    manila.calls.clear()
    pass_over(folder)
    assert len(allowed(manila)) == 3
    assert not Grant.objects.filter(accepted=False).exists()


@pytest.mark.parametrize("ending", [{"target": Status.DELETED, "status": Status.DELETING}, {"status": Status.FAILED}])
def test_access_is_taken_back_before_anything_may_take_the_addresses(
    manila: Recorded, folder: Folder, mount: Mount, ending: dict[str, Any]
) -> None:
    lists(manila, share(folder))
    takes_actions(manila, folder)
    lists_rules(manila)
    pass_over(folder)
    Cluster.objects.update(**ending)
    addresses = ["127.88.3.10", "127.88.3.11", "127.88.3.12"]
    lists_rules(manila, *addresses)
    pass_over(folder)
    assert denied(manila) == [f"rule-{address}" for address in addresses]
    assert grants.stand(mount.cluster_id)
    lists_rules(manila, *addresses, state="denying")
    pass_over(folder)
    assert grants.stand(mount.cluster_id)
    lists_rules(manila, addresses[1])
    pass_over(folder)
    assert grants.stand(mount.cluster_id, [addresses[1]])
    assert not grants.stand(mount.cluster_id, [addresses[0]])
    lists_rules(manila)
    pass_over(folder)
    assert not grants.stand(mount.cluster_id)


def test_a_cluster_that_has_begun_to_go_is_let_in_no_more(manila: Recorded, folder: Folder, mount: Mount) -> None:
    lists(manila, share(folder))
    Cluster.objects.update(status=Status.DELETING, target=Status.DELETED)
    pass_over(folder)
    assert not Grant.objects.exists()
    assert actions(manila) == []


def test_rules_that_are_not_ours_are_found_and_taken_away_in_time(manila: Recorded, folder: Folder) -> None:
    Folder.objects.update(checked_at=timezone.now() - 2 * reconciler.CHECK_EVERY)
    lists(manila, share(folder))
    takes_actions(manila, folder)
    lists_rules(manila, "0.0.0.0/0")
    moved = [{"id": "1", "path": "10.9.9.9:/shares/1"}]
    manila.answers[f"GET /v2/shares/{folder.share_id}/export_locations"] = (200, {"export_locations": moved})
    assert pass_over(folder).exports == ["10.9.9.9:/shares/1"]
    assert denied(manila) == ["rule-0.0.0.0/0"]


def test_a_folder_whose_share_is_gone_says_so_and_holds_up_no_cluster(
    manila: Recorded, folder: Folder, mount: Mount
) -> None:
    Grant.objects.create(mount=mount, subject="127.88.3.10", accepted=True)
    Cluster.objects.update(status=Status.DELETING, target=Status.DELETED)
    assert pass_over(folder).status == FolderStatus.FAILED
    assert "gone" in folder.failure["what"]
    assert not grants.stand(mount.cluster_id)


def test_one_folders_trouble_does_not_keep_its_neighbours_from_their_end(
    manila: Recorded, folder: Folder, fresh: Folder
) -> None:
    Folder.objects.filter(pk=folder.pk).update(status=FolderStatus.GROWING, wanted_gb=9)
    manila.answers[f"POST /v2/shares/{folder.share_id}/action"] = (200, {})
    manila.answers["POST /v2/shares"] = (200, {"share": share(fresh, "creating", id="s2")})
    lists(manila, {**share(folder), "size": 5})
    pass_over(fresh)
    assert fresh.share_id == "s2"


def test_a_worker_that_may_go_is_let_in_no_more_and_one_that_has_still_to_finish_is(
    manila: Recorded, folder: Folder, mount: Mount
) -> None:
    lists(manila, share(folder))
    takes_actions(manila, folder)
    lists_rules(manila)
    pass_over(folder)
    lists_rules(manila, "127.88.3.10", "127.88.3.11", "127.88.3.12")
    Node.objects.filter(name="worker-02").update(leaving=True, kept_by="12 blocks have to move")
    pass_over(folder)
    assert denied(manila) == []
    Node.objects.filter(name="worker-02").update(kept_by="")
    pass_over(folder)
    assert denied(manila) == ["rule-127.88.3.12"]
    assert grants.stand(mount.cluster_id, ["127.88.3.12"])
    lists_rules(manila, "127.88.3.10", "127.88.3.11")
    pass_over(folder)
    assert not grants.stand(mount.cluster_id, ["127.88.3.12"])
    assert grants.stand(mount.cluster_id, ["127.88.3.10"])


def test_only_what_has_changed_is_told_to_open_pages(
    manila: Recorded, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(live, "notify", told.append)
    lists(manila, share(folder))
    lists_rules(manila)
    exports = f"GET /v2/shares/{folder.share_id}/export_locations"
    for path, times in ((folder.exports[0], 0), ("10.9.9.9:/shares/1", 1)):
        manila.answers[exports] = (200, {"export_locations": [{"id": "1", "path": path}]})
        long_ago = timezone.now() - 2 * reconciler.CHECK_EVERY
        Folder.objects.update(checked_at=long_ago)
        pass_over(folder)
        assert folder.checked_at > long_ago
        assert told == [live.folders_topic(folder.course_id)] * times
