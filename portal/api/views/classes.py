"""What is done for a whole class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.changes import changes
from portal.api.filters import ClassActionFilters
from portal.api.pagination import Newest
from portal.api.serializers.classes import (
    ClassActionSerializer,
    EndSerializer,
    ExtendSerializer,
    PartSerializer,
    PreviewSerializer,
    StartSerializer,
    WholeActionSerializer,
    preview_shape,
)
from portal.api.views.asking import address_of, body_of, user_of
from portal.classes import previews, services
from portal.classes.models import ClassAction, Kind
from portal.classes.previews import Preview


class LastMade(Newest):
    ordering = ("-made_at", "id")


class ClassStarts(generics.ListAPIView[Any]):
    scope = Scope.COURSE
    serializer_class = ClassActionSerializer
    pagination_class = LastMade

    def get_queryset(self) -> Any:
        course = services.led(user_of(self.request), self.kwargs["course_id"])
        return services.actions_of(course).filter(kind=Kind.START)

    @extend_schema(request=StartSerializer, responses={200: PreviewSerializer, 202: WholeActionSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        course = services.led(user_of(request), course_id)
        body = body_of(request, StartSerializer)
        wanted = body.wanted(course)
        return _answer(
            body.validated_data["preview"],
            lambda: previews.of_start(course, wanted),
            lambda: services.plan_start(user_of(request), course, wanted),
        )


class ExtendAll(APIView):
    scope = Scope.COURSE

    @extend_schema(request=ExtendSerializer, responses={200: PreviewSerializer, 202: WholeActionSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        course = services.led(user_of(request), course_id)
        body = body_of(request, ExtendSerializer)
        hours = body.validated_data["hours"]
        return _answer(
            body.validated_data["preview"],
            lambda: previews.of_extension(course, hours),
            lambda: services.extend_all(user_of(request), course, hours),
        )


class EndAll(APIView):
    scope = Scope.COURSE

    @extend_schema(request=EndSerializer, responses={200: PreviewSerializer, 202: WholeActionSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        course = services.led(user_of(request), course_id)
        body = body_of(request, EndSerializer)
        return _answer(
            body.validated_data["preview"],
            lambda: previews.of_end(course),
            lambda: services.end_all(user_of(request), course, body.validated_data["confirm"]),
        )


class Actions(generics.ListAPIView[Any]):
    scope = Scope.COURSE
    serializer_class = ClassActionSerializer
    pagination_class = LastMade
    filterset_class = ClassActionFilters

    def get_queryset(self) -> Any:
        return services.actions_of(services.led(user_of(self.request), self.kwargs["course_id"]))


class Action(APIView):
    """One of them with all its parts: who did not get what, and why."""

    scope = Scope.COURSE

    @extend_schema(responses=WholeActionSerializer)
    def get(self, request: Request, course_id: UUID, action_id: UUID) -> Response:
        return Response(_whole(services.find(services.led(user_of(request), course_id), action_id)))

    @extend_schema(responses={200: WholeActionSerializer})
    @changes
    def delete(self, request: Request, course_id: UUID, action_id: UUID) -> Response:
        course = services.led(user_of(request), course_id)
        services.cancel(user_of(request), services.find(course, action_id))
        return Response(_whole(services.find(course, action_id)))


def _answer(preview: bool, look: Callable[[], Preview], act: Callable[[], ClassAction]) -> Response:
    if preview:
        return Response(preview_shape(look()))
    made = act()
    where = address_of("class-action", made.course_id, made.pk)
    return Response(
        _whole(services.find(made.course, made.pk)), status=status.HTTP_202_ACCEPTED, headers={"Location": where}
    )


def _whole(action: ClassAction) -> dict[str, Any]:
    rows = PartSerializer(services.parts_of(action), many=True).data
    return {**ClassActionSerializer(action).data, "rows": rows}
