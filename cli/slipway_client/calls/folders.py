"""Folders."""

from __future__ import annotations

from collections.abc import Sequence

from ..transport import Json, segment
from .base import Calls, Told, said, wait_until

FOLDER_ENDS = ("available", "failed", "deleted")


class Folders(Calls):
    def folders(self, name: str = "", owner: str = "") -> list[Json]:
        """The folders of one's courses; only of this name, made by this person."""
        return self._portal.pages("folders", said(name=name, owner=owner))

    def folder(self, folder_id: str) -> Json:
        return self._portal.json("GET", f"folders/{segment(folder_id)}")

    def create_folder(
        self, course: str, name: str, size_gb: int, share_type: str = "", access_for_students: str = "rw"
    ) -> Json:
        """Ask for a folder; `course` is a course's id, `share_type` a kind of storage (the first that is offered)."""
        body: Json = {"course": course, "name": name, "size_gb": size_gb, "share_type": share_type}
        return self._portal.json("POST", "folders", {**body, "access_for_students": access_for_students})

    def grow_folder(self, folder_id: str, size_gb: int) -> Json:
        """Ask for more room; what is in the folder stays."""
        return self._portal.json("POST", f"folders/{segment(folder_id)}/grow", {"size_gb": size_gb})

    def delete_folder(self, folder_id: str) -> Json:
        """Ask for the folder's end, with all that is in it."""
        return self._portal.json("DELETE", f"folders/{segment(folder_id)}")

    def wait_for_folder(
        self,
        folder_id: str,
        seconds: float = 120.0,
        progress: Told | None = None,
        ends: Sequence[str] = FOLDER_ENDS,
    ) -> Json:
        """As wait_for_cluster."""
        return wait_until(lambda: self.folder(folder_id), ends, seconds, progress)
