"""Which hours of the clock a time touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from billing.services import hours_touched


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, second, tzinfo=UTC)


def test_a_moment_touches_its_hour() -> None:
    assert hours_touched(at(9, 30), at(9, 30)) == [at(9)]


def test_the_beginning_of_an_hour_touches_it() -> None:
    assert hours_touched(at(9, 59, 59), at(10)) == [at(9), at(10)]


def test_a_day_has_as_many_hours_as_it_has() -> None:
    assert len(hours_touched(at(0), at(23, 59, 59))) == 24


def test_an_end_before_its_beginning_touches_nothing() -> None:
    assert hours_touched(at(9), at(8)) == []


def test_hours_are_those_of_utc() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    assert hours_touched(at(9, 45).astimezone(india), at(9, 50)) == [at(9)]


def test_a_change_of_a_zones_clock_neither_loses_nor_doubles_an_hour() -> None:
    start, end = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 3, 30, tzinfo=UTC)
    assert len(hours_touched(start, end)) == 4
