"""The audit trail: added to, never changed; the way by which somebody came stands in it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from portal.accounts.models import User
from portal.trail.models import Entry, Way
from portal.trail.services import acting_by, record


def test_an_entry_names_who_did_what_to_which_thing(alice: User) -> None:
    with acting_by(Way.PAGE):
        record(alice, "cluster.resize", 7, name="flights", course="demo", before={"workers": 2}, after={"workers": 3})
    entry = Entry.objects.latest("id")
    assert (entry.actor, entry.way, entry.action, entry.subject) == ("alice", "page", "cluster.resize", "7")
    assert (entry.name, entry.course, entry.before, entry.after) == ("flights", "demo", {"workers": 2}, {"workers": 3})


def test_what_the_portal_does_by_itself_has_no_actor() -> None:
    with acting_by(Way.PAGE):
        record(None, "cluster.expire", 7)
    entry = Entry.objects.latest("id")
    assert (entry.actor, entry.way) == ("", Way.SYSTEM)


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_what_is_written(alice: User, change: str) -> None:
    record(alice, "cluster.create", 7)
    with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
        Entry.objects.update(actor="ann") if change == "update" else Entry.objects.all().delete()
    assert Entry.objects.latest("id").actor == "alice"
