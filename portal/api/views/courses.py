"""Courses."""

from __future__ import annotations

from typing import Any

from rest_framework import generics

from portal.accounts.scopes import Scope
from portal.api.pagination import ByName
from portal.api.serializers.courses import CourseSerializer
from portal.api.views.asking import user_of
from portal.courses.services import courses_of


class Courses(generics.ListAPIView[Any]):
    scope = Scope.COURSE
    serializer_class = CourseSerializer
    pagination_class = ByName

    def get_queryset(self) -> Any:
        return courses_of(user_of(self.request))
