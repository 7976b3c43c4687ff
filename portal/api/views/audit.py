"""What teachers and administrators look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.filters import LetterFilters, NoticeFilters, TrailFilters
from portal.api.pagination import ByName, Newest
from portal.api.serializers.audit import (
    EntrySerializer,
    InsideSerializer,
    LetterSerializer,
    NoticeSerializer,
    ShareRowsSerializer,
    StackQuerySerializer,
    StackRowsSerializer,
    StacksQuerySerializer,
    inside_shape,
    row_shape,
    share_shape,
)
from portal.api.views.asking import query_of, user_of
from portal.audit import deliveries, shares, stacks, trail
from portal.audit.administrators import require
from portal.courses.models import Course
from portal.courses.rights import Deed


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
    page_size_query_param = None


class Stacks(APIView):
    """A page holds the rows of so many courses; `unanswered` are those of which the cloud said nothing."""

    scope = Scope.ADMIN

    @extend_schema(operation_id="admin_stacks_list", parameters=[StacksQuerySerializer], responses=StackRowsSerializer)
    def get(self, request: Request) -> Response:
        return _compared(self, request, stacks.reports, row_shape)


class Shares(APIView):
    """As the stacks; Manila is asked, so a storage that is slow holds up no list of stacks."""

    scope = Scope.ADMIN

    @extend_schema(operation_id="admin_shares_list", parameters=[StacksQuerySerializer], responses=ShareRowsSerializer)
    def get(self, request: Request) -> Response:
        return _compared(self, request, shares.reports, share_shape)


def _compared(
    view: APIView,
    request: Request,
    reports: Callable[[Sequence[Course]], Sequence[Any]],
    shape: Callable[[Course, Any], dict[str, Any]],
) -> Response:
    require(user_of(request), Deed.SEE_STACKS)
    query = query_of(request, StacksQuerySerializer)
    course, finding = query.validated_data["course"], query.validated_data["finding"]
    present, pages = Course.objects.exclude(project_id=""), FewCourses()
    courses = present.filter(pk=course) if course else present
    found = reports(pages.paginate_queryset(courses, request, view=view) or [])
    rows = [(report.course, row) for report in found for row in report.rows]
    shown = [shape(course, row) for course, row in rows if finding is None or finding in row.findings]
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
        require(user_of(request), Deed.SEE_STACKS)
        query = query_of(request, StackQuerySerializer)
        return Response(inside_shape(stacks.look_into(stack_id, query.validated_data["course"])))


class Made(Newest):
    ordering = ("-made_at", "-id")


class Letters(generics.ListAPIView[Any]):
    """Letters that never arrived, or were tried in vain and wait."""

    scope = Scope.READ
    serializer_class = LetterSerializer
    pagination_class = Made
    filterset_class = LetterFilters

    def get_queryset(self) -> Any:
        return deliveries.letters(user_of(self.request))


class Notices(generics.ListAPIView[Any]):
    """What the university's own billing has not taken yet."""

    scope = Scope.READ
    serializer_class = NoticeSerializer
    pagination_class = Made
    filterset_class = NoticeFilters

    def get_queryset(self) -> Any:
        return deliveries.notices(user_of(self.request))
