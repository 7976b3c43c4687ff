"""What a command imports is in the trail as what the portal's own hands did: once for each thing that is another
afterwards, and not at all where nothing is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import Account
from portal.courses.models import Course
from portal.trail.models import Entry

Change = tuple[str, str, str, Any, Any]  # action, name, course, before, after
Import = Callable[..., list[Change]]
MEMBERS = [
    {"username": "alice", "role": "assistant"},
    {"username": "bob", "role": "teacher"},
    {"username": "eve", "role": "student"},
]
DEMO = {"name": "demo", "title": "Demo course", "project": "p1", "members": MEMBERS}
CATALOGUE = {
    "flavors": [
        {"name": "small", "vcpus": 1, "memory_mb": 2048, "disk_gb": 4},
        {"name": "gpu", "vcpus": 8, "memory_mb": 65536, "disk_gb": 80, "gpus": 1},
    ],
    "images": [{"name": "node", "framework": "spark", "bundle_version": "1-abcdef012345", "architecture": "x86_64"}],
    "share_types": [
        {"name": "nfs", "protocol": "NFS", "title": "NFS"},
        {"name": "ceph", "protocol": "CEPHFS", "title": "CephFS"},
    ],
}


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Runs the command, and gives what it has written into the trail."""

    def run(command: str, document: object, *options: str) -> list[Change]:
        file, last = tmp_path / "document.json", Entry.objects.latest("id").pk
        file.write_text(json.dumps(document))
        call_command(command, str(file), *options, stdout=io.StringIO())
        written = Entry.objects.filter(pk__gt=last).order_by("id")
        assert {(entry.actor, entry.way) for entry in written} <= {("", "system")}
        return [(entry.action, entry.name, entry.course, entry.before, entry.after) for entry in written]

    return run


def test_a_roster_is_an_entry_for_each_course_and_person_that_it_changes(imported: Import) -> None:
    course = {**DEMO, "title": "Another title", "clusters_each": 2}
    new = {"name": "new", "title": "New", "project": "p9", "members": [{"username": "eve", "role": "teacher"}]}
    document = {"courses": [course, new], "administrators": ["eve"]}
    assert imported("import_courses", document) == [
        (
            "course.change", "Another title", "demo",
            {"title": "Demo course", "clusters_each": "4"}, {"title": "Another title", "clusters_each": "2"},
        ),
        (
            "course.roster", "Another title", "demo",
            {"alice": "student", "ann": "student"}, {"alice": "assistant", "eve": "student"},
        ),
        (
            "course.create", "New", "new", {},
            {"title": "New", "project_id": "p9", "clusters_each": "1", "folder_gb_each": "20", "hours_at_most": "12"},
        ),
        ("course.roster", "New", "new", {}, {"eve": "teacher"}),
        ("person.appoint", "dora", "", {"is_administrator": True}, {"is_administrator": False}),
        ("person.appoint", "eve", "", {"is_administrator": False}, {"is_administrator": True}),
    ]  # fmt: skip
    assert imported("import_courses", document) == []


def test_of_a_course_that_is_kept_only_another_project_is_written_down(imported: Import) -> None:
    document = {"courses": [{**DEMO, "title": "Ignored", "project": "p7"}], "keep_existing": True}
    changed = [("course.change", "Demo course", "demo", {"project_id": "p1"}, {"project_id": "p7"})]
    assert imported("import_courses", document) == changed
    assert imported("import_courses", document) == []


def test_first_prices_and_credits_are_an_entry_each(imported: Import) -> None:
    document = {
        "rates": [{"kind": "node", "name": "small", "price": "1"}, {"kind": "gpu", "name": "", "price": "0.5"}],
        "grants": [{"course": "demo", "credits": "500"}],
    }
    written = imported("import_rates", document)
    assert [(action, name, course) for action, name, course, _, _ in written] == [
        ("rate.add", "node small", ""), ("rate.add", "gpu", ""), ("course.credits", "Demo course", "demo"),
    ]  # fmt: skip
    assert [after.get("price") or after["amount"] for *_, after in written] == ["1", "0.5", "500"]
    assert imported("import_rates", document) == []


def test_credits_for_a_course_that_is_not_there_are_given_to_nobody(imported: Import) -> None:
    with pytest.raises(CommandError, match="no course 'demmo'"):
        imported("import_rates", {"rates": [], "grants": [{"course": "demmo", "credits": "500"}]})
    assert not Account.objects.filter(kind="course").exists()
    assert not Course.objects.filter(name="demmo").exists()


def test_a_catalogue_is_an_entry_for_each_thing_that_comes_goes_or_changes(imported: Import) -> None:
    expected = [
        ("catalogue.remove", "flavor medium", "", {"name": "medium", "vcpus": 2, "memory_mb": 3072}, {}),
        ("catalogue.change", "flavor small", "", {"memory_mb": 1536}, {"memory_mb": 2048}),
        ("catalogue.add", "flavor gpu", "", {}, {"name": "gpu", "vcpus": 8, "gpus": 1}),
    ]
    assert imported("import_catalogue", CATALOGUE, "--dry-run") == []
    written = imported("import_catalogue", CATALOGUE)
    assert len(written) == len(expected)
    for action, name, course, before, after in expected:
        (found,) = [change for change in written if change[:3] == (action, name, course)]
        assert before.items() <= found[3].items()
        assert after.items() <= found[4].items()
        assert (found[3] == {}, found[4] == {}) == (before == {}, after == {})
    assert imported("import_catalogue", CATALOGUE) == []
