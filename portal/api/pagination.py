"""Lists are {"results": [...], "next": URL or null}."""

from __future__ import annotations

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response


class Newest(CursorPagination):
    """Newest first; rows that come in between shift no page."""

    ordering: tuple[str, ...] = ("-created_at", "id")

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})


class ByName(Newest):
    ordering = ("name",)


class ByUsername(Newest):
    ordering = ("username",)
