"""What administrators look at, whom they trust; and the trail, which teachers read for their courses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from ..transport import Json, segment
from .base import Calls, said


class Admin(Calls):
    def stacks(self, course: str = "", finding: str = "") -> Json:
        """The stacks of all courses, or of one by its id, beside what the portal believes and the ledger charges.

        {"results": [...], "unanswered": [...]}: of these courses the cloud said nothing.
        """
        return self._compared("admin/stacks", course, finding)

    def shares(self, course: str = "", finding: str = "") -> Json:
        """The shares of all courses, or of one by its id, as `stacks`."""
        return self._compared("admin/shares", course, finding)

    def _compared(self, path: str, course: str, finding: str) -> Json:
        pages = list(self._portal.each_page(path, said(course=course, finding=finding)))
        return {part: [item for page in pages for item in page[part]] for part in ("results", "unanswered")}

    def stack(self, stack_id: str, course: str = "") -> Json:
        """One stack by the id that Heat has for it."""
        return self._portal.json("GET", f"admin/stacks/{segment(stack_id)}", params=said(course=course))

    def trail(self, most: int, course: str = "", subject: str = "", actor: str = "", since: str = "") -> list[Json]:
        """Who did what, the latest first, so many at most. `course` is a course's name, `subject` the id of a thing."""
        pages = self._portal.each_page("trail", said(course=course, subject=subject, actor=actor, since=since))
        return list(islice((entry for page in pages for entry in page["results"]), most))

    def service_accounts(self) -> list[Json]:
        """The accounts of other systems."""
        return self._portal.pages("auth/service-accounts")

    def create_service_account(self, name: str, scopes: Sequence[str]) -> Json:
        return self._portal.json("POST", "auth/service-accounts", {"name": name, "scopes": list(scopes)})

    def course_makers(self) -> list[Json]:
        """Who may make courses, beside administrators."""
        return self._portal.pages("courses/makers")

    def appoint(self, username: str) -> Json:
        """Let somebody make courses."""
        return self._portal.json("PUT", f"courses/makers/{segment(username)}")

    def dismiss(self, username: str) -> None:
        self._portal.json("DELETE", f"courses/makers/{segment(username)}")

    def letters(self) -> list[Json]:
        """Letters that never arrived, or were tried in vain and wait."""
        return self._portal.pages("admin/letters")

    def notices(self) -> list[Json]:
        """What the university's own billing has not taken yet."""
        return self._portal.pages("admin/notices")
