"""What administrators look at."""

from __future__ import annotations

from ..transport import Json, segment
from .base import Calls, said


class Admin(Calls):
    def stacks(self, course: str = "", finding: str = "") -> Json:
        """The stacks of all courses, or of one by its id, beside what the portal believes and the ledger charges.

        {"results": [...], "unanswered": [...]}: of these courses the cloud said nothing.
        """
        pages = list(self._portal.each_page("admin/stacks", said(course=course, finding=finding)))
        return {part: [item for page in pages for item in page[part]] for part in ("results", "unanswered")}

    def stack(self, stack_id: str, course: str = "") -> Json:
        """One stack by the id that Heat has for it."""
        return self._portal.json("GET", f"admin/stacks/{segment(stack_id)}", params=said(course=course))
