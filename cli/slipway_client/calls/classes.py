"""What is done for a whole class: each can be looked at before, and does nothing then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..transport import Json, segment
from .base import Calls


class Classes(Calls):
    def class_starts(self, course_id: str) -> list[Json]:
        """The latest first."""
        return self._portal.pages(f"courses/{segment(course_id)}/class-starts")

    def class_actions(self, course_id: str) -> list[Json]:
        """What was begun for a class, the latest first."""
        return self._portal.pages(f"courses/{segment(course_id)}/class-actions")

    def start_class(
        self,
        course_id: str,
        wish: Mapping[str, Any],
        ready_at: str,
        students: Sequence[str] | None = None,
        at_once: int = 10,
        *,
        preview: bool = False,
    ) -> Json:
        """A cluster for each student, ready at a time. `wish`: as of one cluster, without its course."""
        chosen = None if students is None else list(students)
        body: Json = {**wish, "ready_at": ready_at, "students": chosen, "at_once": at_once, "preview": preview}
        return self._portal.json("POST", f"courses/{segment(course_id)}/class-starts", body)

    def extend_all(self, course_id: str, hours: int, *, preview: bool = False) -> Json:
        body: Json = {"hours": hours, "preview": preview}
        return self._portal.json("POST", f"courses/{segment(course_id)}/extend-all", body)

    def end_all(self, course_id: str, confirm: str = "", *, preview: bool = False) -> Json:
        """End all clusters of the course; `confirm` is its name."""
        body: Json = {"confirm": confirm, "preview": preview}
        return self._portal.json("POST", f"courses/{segment(course_id)}/end-all", body)

    def class_action(self, course_id: str, action_id: str) -> Json:
        """One of these, with who got what in its "rows"."""
        return self._portal.json("GET", _action(course_id, action_id))

    def cancel_class_action(self, course_id: str, action_id: str) -> Json:
        """Call off what still waits; what is done stays."""
        return self._portal.json("DELETE", _action(course_id, action_id))


def _action(course_id: str, action_id: str) -> str:
    return f"courses/{segment(course_id)}/class-actions/{segment(action_id)}"
