"""Folders."""

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
from portal.api.filters import FolderFilters
from portal.api.serializers.folders import FolderWishSerializer, GrowthSerializer, SeenFolderSerializer
from portal.api.views.asking import address_of, body_of, user_of
from portal.folders import services as folders


class Folders(generics.ListAPIView[Any]):
    scope = Scope.CLUSTERS
    serializer_class = SeenFolderSerializer
    filterset_class = FolderFilters

    def get_queryset(self) -> Any:
        return folders.visible_to(user_of(self.request)).exclude(status="deleted")

    def paginate_queryset(self, queryset: Any) -> Any:
        return folders.seen(user_of(self.request), super().paginate_queryset(queryset) or [])

    @extend_schema(request=FolderWishSerializer, responses={202: SeenFolderSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, FolderWishSerializer)
        wish = folders.FolderWish(**{**body.validated_data, "course": str(body.validated_data["course"])})
        return _accepted(request, folders.create(user_of(request), wish).pk)


class Folder(APIView):
    scope = Scope.CLUSTERS

    @extend_schema(responses=SeenFolderSerializer)
    def get(self, request: Request, folder_id: UUID) -> Response:
        return Response(SeenFolderSerializer(folders.find(user_of(request), folder_id)).data)

    @extend_schema(responses={202: SeenFolderSerializer})
    @changes
    def delete(self, request: Request, folder_id: UUID) -> Response:
        folders.delete(user_of(request), folder_id)
        return _accepted(request, folder_id)


class FolderGrowth(APIView):
    scope = Scope.CLUSTERS
    done_to = Folder

    @extend_schema(request=GrowthSerializer, responses={202: SeenFolderSerializer})
    @changes
    def post(self, request: Request, folder_id: UUID) -> Response:
        body = body_of(request, GrowthSerializer)
        folders.grow(user_of(request), folder_id, body.validated_data["size_gb"])
        return _accepted(request, folder_id)


def _accepted(request: Request, folder_id: UUID) -> Response:
    where = address_of("folder", folder_id)
    data = SeenFolderSerializer(folders.find(user_of(request), folder_id)).data
    return Response(data, status=status.HTTP_202_ACCEPTED, headers={"Location": where})
