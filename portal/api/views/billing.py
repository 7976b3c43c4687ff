"""What things cost, who has credits, what was spent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.models import Rate
from portal.accounts.scopes import Scope
from portal.api.changes import changes
from portal.api.filters import RateFilters
from portal.api.pagination import Newest
from portal.api.serializers import billing as shapes
from portal.api.views.asking import body_of, query_of, user_of
from portal.credits import giving, pricing
from portal.credits.export import FORMATS, as_file
from portal.credits.statement import statement


class ByTime(Newest):
    ordering = ("-valid_from", "-id")


class ByPerson(Newest):
    ordering = ("person",)


class Rates(generics.ListAPIView[Any]):
    scope = Scope.ADMIN
    serializer_class = shapes.RateSerializer
    pagination_class = ByTime
    filterset_class = RateFilters
    queryset = Rate.objects.all()

    @extend_schema(request=shapes.RateWishSerializer, responses={201: shapes.RateSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, shapes.RateWishSerializer)
        rate = pricing.add_rate(user_of(request), **body.validated_data)
        return Response(shapes.RateSerializer(rate).data, status=status.HTTP_201_CREATED)


class Budgets(generics.ListAPIView[Any]):
    scope = Scope.ADMIN
    serializer_class = shapes.BudgetSerializer
    pagination_class = ByPerson

    def get_queryset(self) -> Any:
        return giving.budgets(user_of(self.request))

    @extend_schema(request=shapes.BudgetWishSerializer, responses={201: shapes.BudgetSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, shapes.BudgetWishSerializer)
        said = body.validated_data
        made = giving.give_budget(user_of(request), said["person"], said["amount"], said["memo"])
        return Response(shapes.BudgetSerializer(made).data, status=status.HTTP_201_CREATED)


class CourseCredits(APIView):
    scope = Scope.BILLING

    @extend_schema(responses=shapes.CreditsSerializer)
    def get(self, request: Request, course_id: UUID) -> Response:
        return Response(shapes.CreditsSerializer(giving.of_course(user_of(request), course_id)).data)

    @extend_schema(request=shapes.GrantSerializer, responses={201: shapes.StandingSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        body = body_of(request, shapes.GrantSerializer)
        standing = giving.give(user_of(request), course_id, **body.validated_data)
        return Response(shapes.StandingSerializer(standing).data, status=status.HTTP_201_CREATED)


class Corrections(APIView):
    scope = Scope.ADMIN

    @extend_schema(request=shapes.CorrectionSerializer, responses={201: shapes.StandingSerializer})
    @changes
    def post(self, request: Request, course_id: UUID) -> Response:
        body = body_of(request, shapes.CorrectionSerializer)
        standing = giving.correct(user_of(request), course_id, **body.validated_data)
        return Response(shapes.StandingSerializer(standing).data, status=status.HTTP_201_CREATED)


class Statements(APIView):
    scope = Scope.BILLING

    @extend_schema(
        parameters=[shapes.StatementQuerySerializer],
        responses={
            (200, "application/json"): shapes.StatementSerializer,
            (200, "text/csv"): str,
            (200, "application/pdf"): OpenApiTypes.BINARY,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        query = query_of(request, shapes.StatementQuerySerializer)
        said = query.validated_data
        made = statement(user_of(request), said["course"], said["month"], said["person"])
        if said["format"] in FORMATS:
            return as_file(made, said["format"])
        return Response(shapes.StatementSerializer(made).data)


class Reprocessing(APIView):
    scope = Scope.ADMIN

    @extend_schema(request=shapes.ReprocessSerializer, responses={200: shapes.ReprocessedSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, shapes.ReprocessSerializer)
        said, user = body.validated_data, user_of(request)
        if said["preview"]:
            return Response({"charges": pricing.differing(user, said["start"], said["end"]), "done": False})
        number = pricing.reprocess(user, said["start"], said["end"], said["memo"])
        return Response({"charges": number, "done": True})
