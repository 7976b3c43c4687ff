"""What mail servers and the university's billing have not taken, as administrators see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import outbox
from billing.models import Notice
from portal.accounts.models import User
from portal.clusters import services
from portal.clusters.models import Cluster
from portal.clusters.tasks import tell_billing
from portal.clusters.wishes import Wish
from portal.letters.models import Letter, State
from portal.letters.services import write
from tests.billing_server import University, no
from tests.db.test_outside import there, told

__all__ = ["there", "told"]


def audit() -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("audit_deliveries", stdout=said)
    except SystemExit as end:
        return int(str(end.code)), said.getvalue()
    return 0, said.getvalue()


def lost(to: User, number: int = 1) -> None:
    for count in range(number):
        write(f"lost {count}", to, "Your cluster ends", "soon")
    Letter.objects.update(state=State.UNDELIVERABLE, attempts=1, trouble="550 no such mailbox")


@pytest.fixture
def refused(there: University, told: Cluster, alice: User) -> Notice:
    """The university says no to an end."""
    there.answer = no
    services.delete(alice, told)
    tell_billing()
    return Notice.objects.get(delivered_at=None)


def test_an_administrator_sees_what_the_billing_said_and_when_it_is_told_again(
    refused: Notice, api: Callable[[User], Client], browser: Callable[[User], Client], dora: User
) -> None:
    (row,) = api(dora).get("/api/v1/admin/notices").json()["results"]
    assert (row["verb"], row["attempts"], row["lease"]) == ("on-end", 1, str(refused.lease))
    assert "physics has spent its money" in row["trouble"]
    assert row["next_at"] > row["made_at"]
    page = browser(dora).get("/admin/undelivered").content.decode()
    assert "physics has spent its money" in page
    assert "All letters arrived" in page


def test_an_administrator_sees_which_letters_never_arrived(
    api: Callable[[User], Client], browser: Callable[[User], Client], alice: User, dora: User
) -> None:
    lost(alice)
    (row,) = api(dora).get("/api/v1/admin/letters?state=undeliverable").json()["results"]
    assert (row["to"], row["trouble"]) == ("alice", "550 no such mailbox")
    assert "text" not in row
    assert b"550 no such mailbox" in browser(dora).get("/admin/undelivered").content


def test_doctor_says_what_is_late_and_nothing_before(refused: Notice, alice: User) -> None:
    assert audit() == (0, "Letters and notices arrive.\n")
    Notice.objects.filter(pk=refused.pk).update(made_at=timezone.now() - timedelta(hours=1))
    lost(alice)
    code, said = audit()
    assert code == 1
    assert "has not taken 1 notices" in said
    assert "physics has spent its money" in said
    assert "1 letters of this week never arrived; the newest was to alice: 550 no such mailbox" in said


def test_what_was_taken_is_forgotten_but_for_the_last_word_on_what_goes_on(
    there: University, alice: User, wish: Wish, told: Cluster
) -> None:
    gone = services.create(alice, replace(wish, name="gone"))
    services.delete(alice, gone)
    outbox.tell(Notice.Verb.UPDATE, told.pk, {"nodes": {"small": 2}})
    tell_billing()
    assert not Notice.objects.filter(delivered_at=None).exists()
    outbox.forget()
    assert Notice.objects.count() == 4
    Notice.objects.update(delivered_at=timezone.now() - timedelta(days=91))
    outbox.forget()
    assert [(each.lease, each.verb) for each in Notice.objects.all()] == [(told.pk, "update")]
    services.delete(alice, told)
    assert Notice.objects.filter(lease=told.pk, verb="on-end").exists()


@pytest.mark.parametrize("number", [1, 20])
def test_as_many_queries_for_many_as_for_one(
    number: int, there: University, browser: Callable[[User], Client], alice: User, dora: User
) -> None:
    lost(alice, number)
    for _ in range(number):
        Notice.objects.create(verb="create", lease=uuid4(), body={"name": "x"})
    client = browser(dora)
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/admin/undelivered").status_code == 200
    assert len(captured) == 4
