"""When a start for a class begins, and who would get a cluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.credit import Standing
from portal.classes.planning import LONGEST_LEAD, UNKNOWN, Candidate, begins_at, forecast, hours_from, usual_time
from portal.courses.limits import Limits

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOW = MONDAY - timedelta(days=3)
USUAL = timedelta(minutes=4)
NONE = Limits()
RICH = Standing(Decimal(1000), Decimal(), Decimal(), Decimal(1000))


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_the_usual_time_is_the_middle_one_and_a_guess_where_there_is_none() -> None:
    assert usual_time([minutes(3), minutes(50), minutes(4)]) == minutes(4)
    assert usual_time([]) == UNKNOWN


@pytest.mark.parametrize(
    ("clusters", "at_once", "lead"),
    [(1, 10, minutes(7)), (10, 10, minutes(7)), (11, 10, minutes(12)), (200, 10, minutes(102)), (0, 10, minutes(7))],
)
def test_it_begins_so_early_that_the_last_wave_is_ready_in_time(clusters: int, at_once: int, lead: timedelta) -> None:
    assert begins_at(MONDAY, clusters, at_once, USUAL, NOW) == MONDAY - lead


def test_it_never_begins_in_the_past_nor_the_day_before() -> None:
    assert begins_at(MONDAY, 200, 10, USUAL, MONDAY - minutes(5)) == MONDAY - minutes(5)
    assert begins_at(MONDAY, 5000, 1, USUAL, NOW) == MONDAY - LONGEST_LEAD


@pytest.mark.parametrize(
    ("early", "hours", "limit", "given"),
    [
        (0, 2, None, 2), (7, 2, None, 3), (70, 2, None, 4), (7, 2, 12, 3), (7, 12, 12, 12), (7, 13, 12, 13),
        (-30, 2, 12, 2),
    ],
)  # fmt: skip
def test_a_cluster_lasts_as_long_after_the_beginning_of_the_class_as_was_asked_for(
    early: int, hours: int, limit: int | None, given: int
) -> None:
    assert hours_from(MONDAY - minutes(early), MONDAY, hours, limit) == given


def candidates(number: int, own: Limits = NONE, **used: int) -> list[Candidate]:
    asked = {"clusters": 1, "nodes": 3, "hours": 2, "credits": Decimal(2)}
    return [Candidate(own, {"clusters": 0, "credits": Decimal(), **used}, asked) for _ in range(number)]


def granted(said: list[str]) -> list[int]:
    return [number for number, reason in enumerate(said) if not reason]


def test_the_first_ones_get_what_the_course_has_and_the_others_hear_which_limit() -> None:
    said = forecast(candidates(200), Limits(clusters=50), {"clusters": 0}, RICH)
    assert granted(said) == list(range(50))
    assert all("50 clusters at once is the limit" in reason for reason in said[50:])


def test_what_is_used_already_counts() -> None:
    assert len(granted(forecast(candidates(9), Limits(nodes=20), {"nodes": 10}, RICH))) == 3


def test_credits_are_shared_out_until_they_are_gone() -> None:
    said = forecast(candidates(9), Limits(), {}, Standing(Decimal(10), Decimal(), Decimal(), Decimal(7)))
    assert len(granted(said)) == 3
    assert "credits" in said[8]


@pytest.mark.parametrize(("own", "used"), [(Limits(clusters=1), {"clusters": 1}), (Limits(hours=1), {})])
def test_an_own_limit_is_nobody_elses(own: Limits, used: dict[str, int]) -> None:
    bound = candidates(1, own, **used)
    free = [Candidate(Limits(), {}, bound[0].asked)]
    assert granted(forecast([*bound, *free], Limits(clusters=1), {"clusters": 0}, RICH)) == [1]
