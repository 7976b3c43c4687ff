"""Courses, who is in them, and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..transport import Json, Seen, segment
from .base import Calls, said


class Courses(Calls):
    def courses(self) -> list[Json]:
        """Those that one may see."""
        return self._portal.pages("courses")

    def course(self, course_id: str) -> Json:
        return self._portal.json("GET", f"courses/{segment(course_id)}")

    def create_course(self, name: str, title: str, project: str = "", starts_on: str = "", ends_on: str = "") -> Json:
        """Days as 2026-09-01. `project`: a project of the cloud by its id, where the portal makes none itself."""
        more = said(project=project, starts_on=starts_on, ends_on=ends_on)
        return self._portal.json("POST", "courses", {"name": name, "title": title, **more})

    def change_course(self, course_id: str, changes: Mapping[str, Any]) -> Json:
        """Of title, starts_on, ends_on, profiles_only, idle_minutes, idle_off_until those that are said."""
        return self._portal.json("PATCH", f"courses/{segment(course_id)}", dict(changes))

    def archive_course(
        self, course_id: str, confirm: str = "", keep_folders_days: int = 30, *, preview: bool = False
    ) -> Json:
        """End a course: its clusters end, its folders go after so many days. `confirm` is its name."""
        body: Json = {"confirm": confirm, "keep_folders_days": keep_folders_days, "preview": preview}
        return self._portal.json("POST", f"courses/{segment(course_id)}/archive", body)

    def members(self, course_id: str) -> list[Json]:
        return self._portal.pages(f"courses/{segment(course_id)}/members")

    def member(self, course_id: str, username: str) -> Json:
        """{"username", "role"}."""
        return self._portal.json("GET", _member(course_id, username))

    def add_member(self, course_id: str, username: str, role: str = "student") -> Json:
        body: Json = {"username": username, "role": role}
        return self._portal.json("POST", f"courses/{segment(course_id)}/members", body)

    def change_role(self, course_id: str, username: str, role: str) -> Json:
        return self._portal.json("PATCH", _member(course_id, username), {"role": role})

    def remove_member(
        self, course_id: str, username: str, *, end_clusters: bool = False, preview: bool = False
    ) -> Json:
        """{"username", "clusters": those that they leave}; they go on to their end unless `end_clusters`."""
        params = {"end_clusters": str(end_clusters).lower(), "preview": str(preview).lower()}
        return self._portal.json("DELETE", _member(course_id, username), params=params)

    def roster(
        self, course_id: str, csv: str, *, apply: bool = False, remove_others: bool = False, end_clusters: bool = False
    ) -> Json:
        """What a CSV file's text would change in the course; with `apply` it is changed."""
        body: Json = {"csv": csv, "apply": apply, "remove_others": remove_others, "end_clusters": end_clusters}
        return self._portal.json("POST", f"courses/{segment(course_id)}/roster", body)

    def group(
        self, course_id: str, group: str, role: str = "student", *, apply: bool = False, remove_others: bool = False,
        end_clusters: bool = False,
    ) -> Json:  # fmt: skip
        """As `roster`, with the members of a group of the cloud, by its name or id."""
        what: Json = {"group": group, "role": role}
        how: Json = {"apply": apply, "remove_others": remove_others, "end_clusters": end_clusters}
        return self._portal.json("POST", f"courses/{segment(course_id)}/group", {**what, **how})

    def limits(self, course_id: str) -> Json:
        """{"course", "each_student", "exceptions", "over"}."""
        return self.seen_limits(course_id).thing

    def seen_limits(self, course_id: str) -> Seen:
        """As `limits`, with the ETag for `set_limits`."""
        return self._portal.seen(f"courses/{segment(course_id)}/limits")

    def set_limits(
        self, course_id: str, course: Mapping[str, Any], each_student: Mapping[str, Any], *, if_match: str = ""
    ) -> Json:
        """All of them, by name; None bounds nothing. `if_match`: only if they still are as `seen_limits` gave them."""
        body: Json = {"course": dict(course), "each_student": dict(each_student)}
        return self._portal.json("PUT", f"courses/{segment(course_id)}/limits", body, if_match=if_match)

    def seen_exception(self, course_id: str, username: str) -> Seen:
        """{"username", "limits": those that are others than each student's}, with the ETag for `set_exception`."""
        return self._portal.seen(_exception(course_id, username))

    def set_exception(self, course_id: str, username: str, limits: Mapping[str, Any], *, if_match: str = "") -> Json:
        """The limits of one student that are to be others than each student's."""
        return self._portal.json("PUT", _exception(course_id, username), dict(limits), if_match=if_match)

    def remove_exception(self, course_id: str, username: str) -> None:
        self._portal.json("DELETE", _exception(course_id, username))

    def usage(self, course_id: str) -> Json:
        """{"mine", "course"}, each {"limits", "used"}; "course" is None for those who do not lead it."""
        return self._portal.json("GET", f"courses/{segment(course_id)}/usage")


def _member(course_id: str, username: str) -> str:
    return f"courses/{segment(course_id)}/members/{segment(username)}"


def _exception(course_id: str, username: str) -> str:
    return f"courses/{segment(course_id)}/limits/{segment(username)}"
