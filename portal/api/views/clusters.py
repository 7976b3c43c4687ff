"""Clusters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.serializers.clusters import ClusterSerializer, RepairSerializer, ResizeSerializer, WishSerializer
from portal.api.views.asking import user_of
from portal.clusters import resizing
from portal.clusters import services as clusters
from portal.refusals import Invalid

KEY_LIMIT = 255


class Clusters(generics.ListAPIView[Any]):
    scope = Scope.CLUSTERS
    serializer_class = ClusterSerializer

    def get_queryset(self) -> Any:
        return clusters.visible_to(user_of(self.request))

    def post(self, request: Request) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > KEY_LIMIT:
            raise Invalid.of({"Idempotency-Key": f"may have at most {KEY_LIMIT} characters"})
        body = WishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = clusters.create(user_of(request), body.wish(), key)
        return _accepted(request, clusters.find(user_of(request), made.pk))


class Cluster(APIView):
    scope = Scope.CLUSTERS

    def get(self, request: Request, cluster_id: UUID) -> Response:
        return Response(ClusterSerializer(clusters.find(user_of(request), cluster_id)).data)

    def delete(self, request: Request, cluster_id: UUID) -> Response:
        clusters.delete(user_of(request), clusters.owned(user_of(request), cluster_id))
        return _accepted(request, clusters.find(user_of(request), cluster_id))


class Resize(APIView):
    scope = Scope.CLUSTERS

    def post(self, request: Request, cluster_id: UUID) -> Response:
        cluster = clusters.owned(user_of(request), cluster_id)
        body = ResizeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        resizing.resize(user_of(request), cluster, **body.validated_data)
        return _accepted(request, clusters.find(user_of(request), cluster_id))


class Repair(APIView):
    scope = Scope.CLUSTERS

    def post(self, request: Request, cluster_id: UUID) -> Response:
        cluster = clusters.owned(user_of(request), cluster_id)
        body = RepairSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        resizing.repair(user_of(request), cluster, body.validated_data["nodes"])
        return _accepted(request, clusters.find(user_of(request), cluster_id))


def _accepted(request: Request, cluster: Any) -> Response:
    where = request.build_absolute_uri(reverse("api:cluster", args=[cluster.pk]))
    data = ClusterSerializer(cluster).data
    return Response(data, status=status.HTTP_202_ACCEPTED, headers={"Location": where})
