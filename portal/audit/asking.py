"""Asking the cloud about many courses' projects at once. A project that is silent holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.courses.models import Course

AT_ONCE = 10  # projects that are asked side by side
PATIENCE = 8.0  # seconds for one request: somebody waits for the page


Answer = TypeVar("Answer")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Report(Generic[Row]):
    """Of one course; `trouble` says why the cloud could not be asked, and then there are no rows."""

    course: Course
    rows: tuple[Row, ...]
    trouble: str = ""


def answers(
    courses: Sequence[Course], ask: Callable[[str, float], Answer]
) -> tuple[dict[Course, Answer], dict[Course, str]]:
    """What the cloud says of each course's project, and of the others why that is not known. `ask` runs in a thread of
    its own: the database is nothing to it."""

    def asked(course: Course) -> tuple[Answer | None, str]:
        try:
            return ask(course.project_id, PATIENCE), ""
        except CloudUnavailable as error:
            return None, f"The cloud does not answer: {error}"
        except CloudRefused as error:
            return None, f"The cloud refuses the portal: {error}"

    known: dict[Course, Answer] = {}
    troubles: dict[Course, str] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for course, (answer, trouble) in zip(courses, pool.map(asked, courses), strict=True):
            if answer is None:
                troubles[course] = trouble
            else:
                known[course] = answer
    return known, troubles
