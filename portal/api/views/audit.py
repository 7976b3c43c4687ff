"""What teachers and administrators look at."""

from __future__ import annotations

from typing import Any

from rest_framework import generics

from portal.accounts.scopes import Scope
from portal.api.pagination import Newest
from portal.api.serializers.audit import EntrySerializer, TrailQuerySerializer
from portal.api.views.asking import user_of
from portal.audit import trail


class InTime(Newest):
    ordering = ("-at", "-id")


class Trail(generics.ListAPIView[Any]):
    scope = Scope.READ
    serializer_class = EntrySerializer
    pagination_class = InTime

    def get_queryset(self) -> Any:
        query = TrailQuerySerializer(data=self.request.query_params.dict())
        query.is_valid(raise_exception=True)
        return trail.entries(user_of(self.request), query.filter())
