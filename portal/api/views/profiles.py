"""Cluster profiles of a course."""

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
from portal.api.pagination import ByName
from portal.api.serializers.courses import ProfileChangesSerializer, ProfileSerializer, ProfileWishSerializer
from portal.api.views.asking import body_of, user_of
from portal.clusters import profiles
from portal.courses.rights import Deed
from portal.courses.services import permitted


class Profiles(generics.ListAPIView[Any]):
    scope = Scope.COURSE
    serializer_class = ProfileSerializer
    pagination_class = ByName

    def get_queryset(self) -> Any:
        return profiles.visible_to(user_of(self.request), self.kwargs["course_id"])

    @extend_schema(request=ProfileWishSerializer, responses={201: ProfileSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        permitted(user_of(request), course_id, Deed.CHANGE_PROFILES)
        body = body_of(request, ProfileWishSerializer)
        made = profiles.create(user_of(request), course_id, **body.validated_data)
        return Response(ProfileSerializer(made).data, status=status.HTTP_201_CREATED)


class Profile(APIView):
    scope = Scope.COURSE

    @extend_schema(responses=ProfileSerializer)
    def get(self, request: Request, course_id: UUID, profile_id: UUID) -> Response:
        return Response(ProfileSerializer(profiles.find(user_of(request), course_id, profile_id)).data)

    @extend_schema(request=ProfileChangesSerializer, responses=ProfileSerializer)
    @changes
    def patch(self, request: Request, course_id: UUID, profile_id: UUID) -> Response:
        permitted(user_of(request), course_id, Deed.CHANGE_PROFILES)
        body = body_of(request, ProfileChangesSerializer)
        changed = profiles.change(user_of(request), course_id, profile_id, body.validated_data)
        return Response(ProfileSerializer(changed).data)

    @extend_schema(responses={204: None})
    @changes
    def delete(self, request: Request, course_id: UUID, profile_id: UUID) -> Response:
        profiles.delete(user_of(request), course_id, profile_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
