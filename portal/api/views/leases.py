"""The contract with other services of the university: they charge the same credits."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.changes import changes
from portal.api.serializers import billing as shapes
from portal.api.views.asking import body_of, user_of
from portal.credits import leases


class CheckCreate(APIView):
    scope = Scope.BILLING

    @extend_schema(request=shapes.LeaseWishSerializer, responses={200: shapes.LeaseAnswerSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, shapes.LeaseWishSerializer)
        return Response(shapes.LeaseAnswerSerializer(leases.check_create(user_of(request), body.wish())).data)


class Create(APIView):
    scope = Scope.BILLING

    @extend_schema(request=shapes.LeaseWishSerializer, responses={201: shapes.LeaseSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, shapes.LeaseWishSerializer)
        lease = leases.create(user_of(request), body.wish())
        return Response(shapes.LeaseSerializer(lease).data, status=status.HTTP_201_CREATED)


class CheckUpdate(APIView):
    scope = Scope.BILLING
    looks_up = True

    @extend_schema(request=shapes.LeaseChangeSerializer, responses={200: shapes.LeaseAnswerSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, shapes.LeaseChangeSerializer)
        said = body.validated_data
        answer = leases.check_update(user_of(request), said["lease"], said["ends_at"])
        return Response(shapes.LeaseAnswerSerializer(answer).data)


class Update(APIView):
    scope = Scope.BILLING
    looks_up = True

    @extend_schema(request=shapes.LeaseChangeSerializer, responses={200: shapes.LeaseSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, shapes.LeaseChangeSerializer)
        said = body.validated_data
        return Response(shapes.LeaseSerializer(leases.update(user_of(request), said["lease"], said["ends_at"])).data)


class OnEnd(APIView):
    scope = Scope.BILLING
    looks_up = True

    @extend_schema(request=shapes.LeaseEndSerializer, responses={200: shapes.LeaseSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, shapes.LeaseEndSerializer)
        said = body.validated_data
        return Response(shapes.LeaseSerializer(leases.on_end(user_of(request), said["lease"], said["at"])).data)
