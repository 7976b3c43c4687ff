"""Comparing what is used and asked for with limits."""

from __future__ import annotations

from decimal import Decimal

from portal.cloud.findings import Promise
from portal.courses.limits import NAMES, TITLES, Excess, Limits, as_quotas, excesses, over, promises

LIMITS = Limits(clusters=2, memory_gb=16, hours=12, credits=Decimal("10.5"), whose="for one person in Demo")


def test_what_fits_exactly_passes_no_limit() -> None:
    assert excesses(LIMITS, {"clusters": 1, "memory_gb": 10}, {"clusters": 1, "memory_gb": 6}) == []


def test_each_limit_that_would_be_passed_is_named_with_what_would_fit() -> None:
    passed = excesses(LIMITS, {"clusters": 2, "memory_gb": 10}, {"clusters": 1, "memory_gb": 9, "nodes": 1000})
    assert [(excess.name, excess.room) for excess in passed] == [("clusters", 0), ("memory_gb", 6)]
    assert passed[1].words == (
        "16 GB of memory is the limit for one person in Demo: 10 in use, 9 more asked for, room for 6 more."
    )


def test_what_is_over_already_keeps_nobody_from_something_else() -> None:
    assert excesses(LIMITS, {"clusters": 5}, {"memory_gb": 1}) == []


def test_there_is_never_room_for_less_than_nothing() -> None:
    assert excesses(LIMITS, {"clusters": 5}, {"clusters": 1})[0].room == 0


def test_hours_bound_one_cluster_and_not_all_together() -> None:
    assert excesses(LIMITS, {"hours": 100}, {"hours": 12}) == []
    passed = excesses(LIMITS, {"hours": 100}, {"hours": 13})
    assert passed[0].words == "12 hours of one cluster is the limit for one person in Demo: 13 asked for."


def test_credits_are_exact_decimals() -> None:
    assert excesses(LIMITS, {"credits": Decimal("10.4")}, {"credits": Decimal("0.1")}) == []
    passed = excesses(LIMITS, {"credits": Decimal("10.4")}, {"credits": Decimal("0.100001")})
    assert "10.5 credits is the limit" in passed[0].words


def test_a_lowered_limit_says_what_is_over() -> None:
    assert over(LIMITS, {"clusters": 3, "memory_gb": 16, "nodes": 9}) == [
        Excess("clusters", Decimal(2), Decimal(3), Decimal(), "for one person in Demo")
    ]
    assert over(LIMITS, {"clusters": 3})[0].words == "2 clusters at once is the limit for one person in Demo: 3 in use."


def test_a_cloud_would_have_to_grant_what_is_limited_and_nothing_is_asked_of_it_else() -> None:
    assert as_quotas(LIMITS) == {"stacks": 2, "MB of memory": 16384}
    assert as_quotas(Limits(nodes=3, vcpus=6, folder_gb=9)) == {"instances": 3, "cores": 6, "GB of shares": 9}


def test_storage_of_hdfs_is_asked_of_the_cloud_only_where_it_lies_on_volumes() -> None:
    assert as_quotas(Limits(hdfs_gb=40)) == {}
    assert as_quotas(Limits(hdfs_gb=40), on_volumes=True) == {"GB of volumes": 40}


def test_where_a_course_has_no_limit_its_students_together_are_promised_what_each_may_have() -> None:
    students = [{"stacks": 1, "instances": 5, "cores": 9}, {"stacks": 3, "instances": 5}]
    assert promises({"instances": 7}, students) == {"stacks": Promise(4, students=2), "instances": Promise(7)}
    assert promises({}, []) == {}


def test_each_limit_has_a_title() -> None:
    assert set(TITLES) == set(NAMES)
