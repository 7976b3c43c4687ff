"""Who is in a course, and the limits that bind them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.changes import changes
from portal.api.pagination import Newest
from portal.api.serializers.classes import or_preview, preview_shape
from portal.api.serializers.courses import (
    AllLimitsSerializer,
    CourseLimitsSerializer,
    ExceptionSerializer,
    GroupListSerializer,
    LeavingSerializer,
    LeftMemberSerializer,
    LeftSerializer,
    MemberSerializer,
    MembershipSerializer,
    MemberWishSerializer,
    OneExceptionSerializer,
    PlanSerializer,
    RoleSerializer,
    RosterListSerializer,
    UsageSerializer,
    bounded_as_json,
    figures_as_json,
    limits_as_json,
    plan_as_json,
)
from portal.api.views.asking import body_of, query_of, user_of
from portal.classes import previews
from portal.clusters import members as leaving
from portal.clusters.accounting import standing
from portal.courses import limit_changes, members, roster, services
from portal.courses.limits import default_limits, exceptions_of, limits_for, limits_of
from portal.courses.models import Course
from portal.courses.rights import Deed
from portal.courses.services import permitted


class ByMember(Newest):
    ordering = ("username",)


class Members(generics.ListAPIView[Any]):
    scope = Scope.COURSE
    serializer_class = MemberSerializer
    pagination_class = ByMember

    def get_queryset(self) -> Any:
        self.course = permitted(user_of(self.request), self.kwargs["course_id"], Deed.SEE_ROSTER)
        return leaving.roster(self.course)

    def paginate_queryset(self, queryset: Any) -> Any:
        return leaving.described(self.course, super().paginate_queryset(queryset) or [])

    @extend_schema(request=MemberWishSerializer, responses={201: MembershipSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        body = body_of(request, MemberWishSerializer)
        made = members.add(user_of(request), course_id, **body.validated_data)
        return Response(MembershipSerializer(made).data, status=status.HTTP_201_CREATED)


class Member(APIView):
    """Shows no more than what can be changed, so that its ETag is another only then."""

    scope = Scope.COURSE

    @extend_schema(responses=MembershipSerializer)
    def get(self, request: Request, course_id: UUID, username: str) -> Response:
        course = permitted(user_of(request), course_id, Deed.SEE_ROSTER)
        return Response(MembershipSerializer(members.find(course, username)).data)

    @extend_schema(request=RoleSerializer, responses=MembershipSerializer)
    @changes
    def patch(self, request: Request, course_id: UUID, username: str) -> Response:
        body = body_of(request, RoleSerializer)
        changed = members.change_role(user_of(request), course_id, username, body.validated_data["role"])
        return Response(MembershipSerializer(changed).data)

    @extend_schema(parameters=[LeavingSerializer], responses={200: or_preview("LeftOrPreview", LeftMemberSerializer)})
    @changes
    def delete(self, request: Request, course_id: UUID, username: str) -> Response:
        """`?end_clusters=true` ends their clusters too; else these go on until their end."""
        user, said = user_of(request), query_of(request, LeavingSerializer).validated_data
        if said["preview"]:
            course = members.removable_from(user, course_id, username)
            return Response(preview_shape(previews.of_leaving(course, username, end_clusters=said["end_clusters"])))
        left = leaving.remove(user, course_id, username, end_clusters=said["end_clusters"])
        return Response({"username": username, "clusters": LeftSerializer(left, many=True).data})


class Roster(APIView):
    """A CSV file's text."""

    scope = Scope.COURSE

    @extend_schema(request=RosterListSerializer, responses={200: PlanSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        permitted(user_of(request), course_id, Deed.CHANGE_ROSTER)
        body = body_of(request, RosterListSerializer)
        said = body.validated_data
        return _listed(request, course_id, roster.read(said["csv"]), said)


class Group(APIView):
    """The members of a group of Keystone."""

    scope = Scope.COURSE

    @extend_schema(request=GroupListSerializer, responses={200: PlanSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        permitted(user_of(request), course_id, Deed.CHANGE_ROSTER)
        body = body_of(request, GroupListSerializer)
        said = body.validated_data
        return _listed(request, course_id, members.of_group(said["group"], said["role"]), said)


def _listed(request: Request, course_id: UUID, lines: list[roster.Line], said: dict[str, Any]) -> Response:
    user = user_of(request)
    course, plan = members.preview(user, course_id, lines, remove_others=said["remove_others"])
    if said["apply"]:
        left = leaving.bring(user, course, plan, end_clusters=said["end_clusters"])
    else:
        left = leaving.present_clusters(course, plan.removed)
    return Response(plan_as_json(plan, left, applied=said["apply"]))


class Limits(APIView):
    scope = Scope.COURSE

    @extend_schema(responses=AllLimitsSerializer)
    def get(self, request: Request, course_id: UUID) -> Response:
        return Response(_limits(permitted(user_of(request), course_id, Deed.SEE_ROSTER)))

    @extend_schema(request=CourseLimitsSerializer, responses=AllLimitsSerializer)
    @changes
    def put(self, request: Request, course_id: UUID) -> Response:
        permitted(user_of(request), course_id, Deed.CHANGE_LIMITS)
        body = body_of(request, CourseLimitsSerializer)
        said = body.validated_data
        course = limit_changes.set_limits(user_of(request), course_id, said["course"], said["each_student"])
        return Response(_limits(course))


class Usage(APIView):
    """What there is of all that is limited. No part of the limits: their ETag would be another with each cluster."""

    scope = Scope.COURSE

    @extend_schema(responses=UsageSerializer)
    def get(self, request: Request, course_id: UUID) -> Response:
        user = user_of(request)
        course = services.find(user, course_id)
        mine = bounded_as_json(limits_for(course, user), standing.of_person(course, user))
        leads = Deed.SEE_ROSTER in services.deeds(user, course)
        whole = bounded_as_json(limits_of(course), standing.of_course(course)) if leads else None
        return Response({"mine": mine, "course": whole})


class StudentLimits(APIView):
    scope = Scope.COURSE

    @extend_schema(operation_id="courses_exception_retrieve", responses=OneExceptionSerializer)
    def get(self, request: Request, course_id: UUID, username: str) -> Response:
        found = limit_changes.exception_of(user_of(request), course_id, username)
        return Response({"username": username, "limits": figures_as_json(found)})

    @extend_schema(operation_id="courses_exception_update", request=ExceptionSerializer, responses=AllLimitsSerializer)
    @changes
    def put(self, request: Request, course_id: UUID, username: str) -> Response:
        permitted(user_of(request), course_id, Deed.CHANGE_LIMITS)
        body = body_of(request, ExceptionSerializer)
        return Response(
            _limits(limit_changes.set_exception(user_of(request), course_id, username, body.validated_data))
        )

    @extend_schema(responses={204: None})
    @changes
    def delete(self, request: Request, course_id: UUID, username: str) -> Response:
        limit_changes.remove_exception(user_of(request), course_id, username)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _limits(course: Course) -> dict[str, Any]:
    """`over` are the figures that what there is passes: after a limit was lowered nothing ends by that."""
    return {
        "course": limits_as_json(limits_of(course)),
        "each_student": limits_as_json(default_limits(course)),
        "exceptions": [
            {"username": username, "limits": figures_as_json(values)}
            for username, values in exceptions_of(course).items()
        ],
        "over": [
            {"username": username or None, "limit": excess.name, "detail": excess.words}
            for username, excess in standing.over(course)
        ],
    }
