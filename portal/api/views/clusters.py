"""Clusters."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.changes import changes
from portal.api.filters import ClusterEventFilters, ClusterFilters
from portal.api.pagination import Oldest
from portal.api.serializers.clusters import (
    ClusterEventSerializer,
    ClusterSerializer,
    CostSerializer,
    ExtendSerializer,
    QuoteSerializer,
    RepairSerializer,
    ResizeSerializer,
    WishSerializer,
)
from portal.api.views.asking import address_of, body_of, user_of
from portal.clusters import services as clusters
from portal.clusters.accounting import metering
from portal.clusters.accounting.quoting import quote
from portal.clusters.life import lifetime, resizing
from portal.clusters.showing import Shown, shown, with_parts
from portal.courses.rights import Deed

EXAMPLE = OpenApiExample(
    "A master and two workers for an afternoon",
    {
        "course": "4f0c1d4e-6f0a-4b0e-9d62-1f6f0c1b7a11",
        "name": "flights",
        "framework": "spark",
        "workers": 2,
        "flavor": "small",
        "hours": 4,
        "settings": {"spark": {"spark.sql.shuffle.partitions": "8"}},
    },
    request_only=True,
)


class Clusters(generics.ListAPIView[Any]):
    scope = Scope.CLUSTERS
    serializer_class = ClusterSerializer
    filterset_class = ClusterFilters

    def get_queryset(self) -> Any:
        return with_parts(clusters.visible_to(user_of(self.request)))

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        return [shown(each).cluster for each in super().paginate_queryset(queryset) or ()]

    @extend_schema(request=WishSerializer, responses={202: ClusterSerializer}, examples=[EXAMPLE])
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, WishSerializer)
        made = clusters.create(user_of(request), body.wish())
        return _accepted(made.shown)


class Cluster(APIView):
    scope = Scope.CLUSTERS

    @extend_schema(responses=ClusterSerializer)
    def get(self, request: Request, cluster_id: UUID) -> Response:
        return Response(_data(clusters.show(user_of(request), cluster_id)))

    @extend_schema(responses={202: ClusterSerializer})
    @changes
    def delete(self, request: Request, cluster_id: UUID) -> Response:
        clusters.delete(user_of(request), clusters.permitted(user_of(request), cluster_id, Deed.END_CLUSTER))
        return _accepted(clusters.show(user_of(request), cluster_id))


class Resize(APIView):
    scope = Scope.CLUSTERS
    done_to = Cluster

    @extend_schema(request=ResizeSerializer, responses={202: ClusterSerializer})
    @changes
    def post(self, request: Request, cluster_id: UUID) -> Response:
        cluster = clusters.permitted(user_of(request), cluster_id, Deed.CHANGE_CLUSTER)
        body = body_of(request, ResizeSerializer)
        resizing.resize(user_of(request), cluster, **body.validated_data)
        return _accepted(clusters.show(user_of(request), cluster_id))


class Price(APIView):
    """What a create with this body would cost, and whether there is room for it. Nothing is made."""

    scope = Scope.READ

    @extend_schema(request=WishSerializer, responses={200: QuoteSerializer})
    def post(self, request: Request) -> Response:
        body = body_of(request, WishSerializer)
        return Response(QuoteSerializer(quote(user_of(request), body.wish())).data)


class Cost(APIView):
    """What a cluster has cost so far. It stands apart from the cluster, whose ETag would be another at each moment."""

    scope = Scope.READ

    @extend_schema(responses=CostSerializer)
    def get(self, request: Request, cluster_id: UUID) -> Response:
        return Response(CostSerializer(metering.cost(clusters.find(user_of(request), cluster_id), timezone.now())).data)


class Events(generics.ListAPIView[Any]):
    scope = Scope.READ
    serializer_class = ClusterEventSerializer
    pagination_class = Oldest
    filterset_class = ClusterEventFilters

    def get_queryset(self) -> Any:
        return clusters.find(user_of(self.request), self.kwargs["cluster_id"]).events.all()


class Extend(APIView):
    scope = Scope.CLUSTERS
    done_to = Cluster

    @extend_schema(request=ExtendSerializer, responses={200: ClusterSerializer})
    @changes
    def post(self, request: Request, cluster_id: UUID) -> Response:
        cluster = clusters.permitted(user_of(request), cluster_id, Deed.EXTEND_CLUSTER)
        body = body_of(request, ExtendSerializer)
        lifetime.extend(user_of(request), cluster, body.validated_data["hours"])
        return Response(_data(clusters.show(user_of(request), cluster_id)))


class Repair(APIView):
    scope = Scope.CLUSTERS
    done_to = Cluster

    @extend_schema(request=RepairSerializer, responses={202: ClusterSerializer})
    @changes
    def post(self, request: Request, cluster_id: UUID) -> Response:
        cluster = clusters.permitted(user_of(request), cluster_id, Deed.CHANGE_CLUSTER)
        body = body_of(request, RepairSerializer)
        resizing.repair(user_of(request), cluster, body.validated_data["nodes"])
        return _accepted(clusters.show(user_of(request), cluster_id))


def _accepted(found: Shown) -> Response:
    where = address_of("cluster", found.cluster.pk)
    return Response(_data(found), status=status.HTTP_202_ACCEPTED, headers={"Location": where})


def _data(found: Shown) -> Any:
    return ClusterSerializer(found.cluster).data
