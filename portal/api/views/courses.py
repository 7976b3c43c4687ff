"""Courses: making, changing, archiving them, and who may."""

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
from portal.api.pagination import ByName, ByUsername
from portal.api.serializers.classes import or_preview, preview_shape
from portal.api.serializers.courses import (
    ArchiveSerializer,
    CourseChangesSerializer,
    CourseSerializer,
    CourseWishSerializer,
    MakerSerializer,
    SeenCourseSerializer,
)
from portal.api.views.asking import address_of, body_of, user_of
from portal.classes import previews
from portal.courses import making
from portal.courses import services as courses
from portal.courses.models import Course as Row
from portal.courses.rights import Deed


class Courses(generics.ListAPIView[Any]):
    scope = Scope.COURSE
    serializer_class = CourseSerializer
    pagination_class = ByName

    def get_queryset(self) -> Any:
        return courses.courses_where(user_of(self.request), Deed.SEE_COURSE)

    @extend_schema(request=CourseWishSerializer, responses={201: SeenCourseSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, CourseWishSerializer)
        course = making.create(user_of(request), body.wish())
        where = address_of("course", course.pk)
        return Response(_shown(request, course), status=status.HTTP_201_CREATED, headers={"Location": where})


class Course(APIView):
    scope = Scope.COURSE

    @extend_schema(responses=SeenCourseSerializer)
    def get(self, request: Request, course_id: UUID) -> Response:
        return Response(_shown(request, courses.find(user_of(request), course_id)))

    @extend_schema(request=CourseChangesSerializer, responses=SeenCourseSerializer)
    @changes
    def patch(self, request: Request, course_id: UUID) -> Response:
        body = body_of(request, CourseChangesSerializer)
        return Response(_shown(request, making.change(user_of(request), course_id, body.validated_data)))


class Archive(APIView):
    scope = Scope.COURSE
    done_to = Course

    @extend_schema(request=ArchiveSerializer, responses={200: or_preview("ArchivedOrPreview", SeenCourseSerializer)})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        user, said = user_of(request), dict(body_of(request, ArchiveSerializer).validated_data)
        if said.pop("preview"):
            course = courses.permitted(user, course_id, Deed.ARCHIVE_COURSE)
            return Response(preview_shape(previews.of_end(course)))
        return Response(_shown(request, making.archive(user, course_id, **said)))


class Makers(generics.ListAPIView[Any]):
    """Who may make courses, beside administrators."""

    scope = Scope.ADMIN
    serializer_class = MakerSerializer
    pagination_class = ByUsername

    def get_queryset(self) -> Any:
        return making.makers(user_of(self.request))


class Maker(APIView):
    scope = Scope.ADMIN

    @extend_schema(request=None, responses=MakerSerializer)
    @changes
    def put(self, request: Request, username: str) -> Response:
        return Response(MakerSerializer(making.appoint(user_of(request), username, may_make_courses=True)).data)

    @extend_schema(responses={204: None})
    @changes
    def delete(self, request: Request, username: str) -> Response:
        making.appoint(user_of(request), username, may_make_courses=False)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _shown(request: Request, course: Row) -> dict[str, Any]:
    """With what the person may do in it, by the names of deeds."""
    may = sorted(deed.name.lower() for deed in courses.deeds(user_of(request), course))
    return {**CourseSerializer(course).data, "may": may}
