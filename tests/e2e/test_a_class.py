"""A class of 200 by the API alone: roster, limits, credits, clusters for a lecture, who spent what, the end of all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cli.slipway_client import ApiError, Client
from launcher.testing import Embedded
from tests.e2e.minicloud_harness import until

CLASS = [f"api-{number:03}" for number in range(1, 201)]
LIMITS = dict.fromkeys(("nodes", "vcpus", "memory_gb", "hdfs_gb", "folder_gb", "credits"))


def roster(role: str) -> str:
    return "\n".join(["username,role,credits", *(f"{name},{role},20" for name in CLASS), ""])


def test_a_class_of_200_from_its_list_to_its_statement(house: Embedded, person: Callable[[str], Client]) -> None:
    administrator = person("admin")
    administrator.appoint("teacher")
    administrator.give_budget("teacher", "1000")
    teacher = person("teacher")
    course = teacher.create_course("by-api", "By the API alone")["id"]
    with pytest.raises(ApiError) as refused:
        teacher.roster(course, roster("boss"), apply=True)
    assert (refused.value.status, len(teacher.members(course))) == (422, 1)
    assert len(teacher.roster(course, roster("student"), apply=True)["added"]) == 200
    teacher.set_limits(course, {**LIMITS, "clusters": 2, "hours": 2}, {**LIMITS, "clusters": 1, "hours": 2})
    assert teacher.give_credits(course, "600", "exercises", "budget")["remaining"] == "600.000000"
    until("the project", lambda: teacher.course(course)["project"], 60)

    wish = {"name": "lecture", "workers": 1, "flavor": "small", "hours": 1, "framework": "spark"}
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    preview = teacher.start_class(course, wish, soon, CLASS[:3], preview=True)
    assert (preview["would"], preview["refused"], teacher.clusters(course=course)) == (2, 1, [])
    begun = teacher.start_class(course, wish, soon, CLASS[:3])
    rows = {row["username"]: row for row in over(teacher, course, begun)["rows"]}
    assert [rows[name]["state"] for name in CLASS[:3]] == ["done", "done", "refused"]
    assert "2 clusters at once is the limit" in rows[CLASS[2]]["reason"]
    made = [rows[name]["cluster"] for name in CLASS[:2]]
    assert [teacher.wait_for_cluster(each, 240)["status"] for each in made] == ["ready", "ready"]

    over(teacher, course, teacher.extend_all(course, 1))
    with pytest.raises(ApiError) as refused:
        teacher.end_all(course, "By the API alone")
    assert refused.value.status == 422
    over(teacher, course, teacher.end_all(course, "by-api"))
    assert [teacher.wait_for_cluster(each, 120, ends=("deleted",))["status"] for each in made] == ["deleted"] * 2

    until("all is charged", lambda: Decimal(teacher.credits(course)["standing"]["held"]) == 0, 120)
    statement = teacher.statement(course)
    spent = {row["person"]: Decimal(row["credits"]) for row in statement["people"]}
    assert sorted(spent) == CLASS[:2]
    assert min(spent.values()) > 0
    assert sum(spent.values()) == Decimal(teacher.credits(course)["standing"]["spent"])
    deeds = {entry["action"] for entry in teacher.trail(1000, "by-api")}
    assert {"course.roster", "course.limits", "course.credits", "class.start", "class.extend", "class.end"} <= deeds
    assert house.slipway("audit", "ledger").returncode == 0


def over(teacher: Client, course: str, action: dict[str, Any]) -> dict[str, Any]:
    """What has come of it."""
    until("the class action", lambda: teacher.class_action(course, action["id"])["ended_at"], 120)
    return teacher.class_action(course, action["id"])
