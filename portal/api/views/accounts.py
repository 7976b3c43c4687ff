"""Tokens, service accounts, and who one is."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import generics, status
from rest_framework.parsers import FormParser, JSONParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import scopes, tokens
from portal.accounts import services as accounts
from portal.accounts.models import ApiToken
from portal.accounts.scopes import Scope
from portal.api.changes import changes
from portal.api.pagination import ByUsername
from portal.api.serializers.accounts import (
    CredentialsSerializer,
    IntrospectedSerializer,
    IntrospectionSerializer,
    IssuedSerializer,
    MeSerializer,
    MyChangesSerializer,
    ServiceSerializer,
    ServiceWishSerializer,
    TokenSerializer,
    TokenWishSerializer,
)
from portal.api.views.asking import body_of, user_of
from portal.refusals import Refusal

LOG_IN_OR_NAME = PolymorphicProxySerializer(
    "LogInOrToken", serializers=[CredentialsSerializer, TokenWishSerializer], resource_type_field_name=None
)


class WrongPassword(Refusal):
    status = 401
    code = "wrong-password"
    title = "Name or password is wrong"


class Tokens(generics.ListAPIView[Any]):
    """Whoever shows no token logs in; whoever shows the one of a log-in makes another, with a name."""

    scope = Scope.READ
    looks_up = True
    serializer_class = TokenSerializer

    def get_permissions(self) -> Any:
        logs_in = self.request.method == "POST" and self.request.auth is None
        return [AllowAny()] if logs_in else super().get_permissions()

    def get_queryset(self) -> Any:
        return tokens.visible_to(user_of(self.request))

    @extend_schema(request=LOG_IN_OR_NAME, responses={201: IssuedSerializer})
    @changes
    def post(self, request: Request) -> Response:
        issued = self._named(request) if request.auth else self._log_in(request)
        return Response(
            IssuedSerializer(issued).data, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"}
        )

    def _log_in(self, request: Request) -> tokens.Issued:
        body = body_of(request, CredentialsSerializer)
        user = accounts.log_in(**body.validated_data)
        if user is None:
            raise WrongPassword("The cloud does not know this name with this password.", "Check both and try again.")
        return tokens.issue_for_log_in(user)

    def _named(self, request: Request) -> tokens.Issued:
        body = body_of(request, TokenWishSerializer)
        wish = body.validated_data
        service = wish.pop("service_account", "")
        if service:
            scopes.require(Scope.ADMIN, cast(ApiToken, request.auth).present_scopes)
        return tokens.issue(user_of(request), **wish, service=service, by=cast(ApiToken, request.auth))


class Token(APIView):
    scope = Scope.READ

    @extend_schema(responses={204: None})
    @changes
    def delete(self, request: Request, token_id: UUID) -> Response:
        tokens.revoke(user_of(request), token_id, by=cast(ApiToken, request.auth))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Introspection(APIView):
    scope = Scope.READ
    parser_classes = (FormParser, JSONParser)

    @extend_schema(request=IntrospectionSerializer, responses=IntrospectedSerializer)
    def post(self, request: Request) -> Response:
        body = body_of(request, IntrospectionSerializer)
        found = tokens.introspect(user_of(request), body.validated_data["token"])
        return Response(found, headers={"Cache-Control": "no-store"})


class ServiceAccounts(generics.ListAPIView[Any]):
    scope = Scope.ADMIN
    serializer_class = ServiceSerializer
    pagination_class = ByUsername

    def get_queryset(self) -> Any:
        return tokens.service_accounts(user_of(self.request))

    @extend_schema(request=ServiceWishSerializer, responses={201: ServiceSerializer})
    @changes
    def post(self, request: Request) -> Response:
        body = body_of(request, ServiceWishSerializer)
        made = tokens.make_service(user_of(request), **body.validated_data)
        return Response(ServiceSerializer(made).data, status=status.HTTP_201_CREATED)


class Me(APIView):
    # Letters warn of the ends of clusters: a token that could end these anyway may also turn the warnings elsewhere,
    # and no token that only reads.
    scope = Scope.CLUSTERS

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(request.auth).data)

    @extend_schema(request=MyChangesSerializer, responses=MeSerializer)
    @changes
    def patch(self, request: Request) -> Response:
        body = body_of(request, MyChangesSerializer)
        accounts.set_letters(user_of(request), **body.validated_data)
        return Response(MeSerializer(request.auth).data)
