"""What teachers and administrators look at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.filters import TrailFilters
from portal.api.pagination import ByName, Newest
from portal.api.serializers.audit import (
    EntrySerializer,
    InsideSerializer,
    StackQuerySerializer,
    StackRowsSerializer,
    StacksQuerySerializer,
    inside_shape,
    row_shape,
)
from portal.api.views.asking import query_of, user_of
from portal.audit import stacks, trail
from portal.courses.models import Course


class InTime(Newest):
    ordering = ("-at", "-id")


class Trail(generics.ListAPIView[Any]):
    scope = Scope.READ
    serializer_class = EntrySerializer
    pagination_class = InTime
    filterset_class = TrailFilters

    def get_queryset(self) -> Any:
        return trail.entries(user_of(self.request))


class FewCourses(ByName):
    """Each of them costs a request to the cloud."""

    page_size = 20


class Stacks(APIView):
    """A page holds the rows of so many courses; `unanswered` are those of which the cloud said nothing."""

    scope = Scope.ADMIN

    @extend_schema(operation_id="admin_stacks_list", parameters=[StacksQuerySerializer], responses=StackRowsSerializer)
    def get(self, request: Request) -> Response:
        stacks.require_administrator(user_of(request))
        query = query_of(request, StacksQuerySerializer)
        course, finding = query.validated_data["course"], query.validated_data["finding"]
        present, pages = Course.objects.exclude(project_id=""), FewCourses()
        courses = present.filter(pk=course) if course else present
        found = stacks.reports(pages.paginate_queryset(courses, request, view=self) or [])
        rows = [(report.course, row) for report in found for row in report.rows]
        shown = [row_shape(course, row) for course, row in rows if finding is None or finding in row.findings]
        silent = [
            {"course": str(report.course.pk), "course_name": report.course.name, "why": report.trouble}
            for report in found
            if report.trouble
        ]
        return Response({"results": shown, "unanswered": silent, "next": pages.get_next_link()})


class Stack(APIView):
    scope = Scope.ADMIN

    @extend_schema(parameters=[StackQuerySerializer], responses=InsideSerializer)
    def get(self, request: Request, stack_id: UUID) -> Response:
        stacks.require_administrator(user_of(request))
        query = query_of(request, StackQuerySerializer)
        return Response(inside_shape(stacks.look_into(stack_id, query.validated_data["course"])))
