"""Lists are {"results": [...], "next": URL or null}."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from portal.refusals import Invalid


class Newest(CursorPagination):
    """Newest first; rows that come in between shift no page."""

    ordering: tuple[str, ...] = ("-created_at", "id")
    page_size_query_param: str | None = "page_size"
    max_page_size = 200

    @property
    def parameters(self) -> set[str]:
        """Of a request's query, those that are the page's."""
        return {name for name in (self.cursor_query_param, self.page_size_query_param) if name}

    def get_page_size(self, request: Request) -> int | None:
        """Raises Invalid."""
        asked = request.query_params.get(self.page_size_query_param or "")
        if asked is None:
            return self.page_size
        if not re.fullmatch("[0-9]{1,3}", asked) or not 1 <= int(asked) <= self.max_page_size:
            raise Invalid.of({"page_size": f"must be from 1 to {self.max_page_size}"})
        return int(asked)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        rows: list[Any] | None = super().paginate_queryset(queryset, request, view)
        self.base_url = settings.PUBLIC_URL + request.get_full_path()
        return rows

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["description"] = "the most rows of a page"
                parameter["schema"] |= {"minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return parameters

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {
            "type": ["string", "null"],
            "format": "uri",
            "description": "the next page; null: this is the last",
        }
        properties = {"results": schema, "next": following}
        return {"type": "object", "required": ["results", "next"], "properties": properties}

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})


class Oldest(Newest):
    """As things happened."""

    ordering = ("id",)


class ByName(Newest):
    ordering = ("name",)


class ByUsername(Newest):
    ordering = ("username",)
