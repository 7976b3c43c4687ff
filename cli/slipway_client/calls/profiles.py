"""What teachers made for the clusters of a course to be like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..transport import Json, segment
from .base import Calls


class Profiles(Calls):
    def profiles(self, course_id: str) -> list[Json]:
        return self._portal.pages(f"courses/{segment(course_id)}/profiles")

    def profile(self, course_id: str, profile_id: str) -> Json:
        return self._portal.json("GET", _profile(course_id, profile_id))

    def create_profile(
        self, course_id: str, name: str, spec: Mapping[str, Any], may_change: Sequence[str] = (), text: str = ""
    ) -> Json:
        """`spec`: by the names of docs/cluster-spec.md; of these students may change `may_change`."""
        body: Json = {"name": name, "spec": dict(spec), "may_change": list(may_change), "text": text}
        return self._portal.json("POST", f"courses/{segment(course_id)}/profiles", body)

    def change_profile(self, course_id: str, profile_id: str, changes: Mapping[str, Any]) -> Json:
        """Of name, text, spec, may_change those that are said."""
        return self._portal.json("PATCH", _profile(course_id, profile_id), dict(changes))

    def delete_profile(self, course_id: str, profile_id: str) -> None:
        self._portal.json("DELETE", _profile(course_id, profile_id))


def _profile(course_id: str, profile_id: str) -> str:
    return f"courses/{segment(course_id)}/profiles/{segment(profile_id)}"
