"""Log-ins, tokens and service accounts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.accounts.models import ApiToken, User
from portal.accounts.scopes import Scope
from portal.accounts.tokens import DAYS_AT_MOST, Issued
from portal.api.serializers.strict import StrictSerializer


class CredentialsSerializer(StrictSerializer):
    """A log-in: what comes of it may be used for all that the person may do, for some hours."""

    username = serializers.CharField(max_length=255)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class TokenWishSerializer(StrictSerializer):
    """A token with a name, for a program of one's own or, by an administrator, for a service account."""

    name = serializers.CharField(max_length=60)
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices), allow_empty=False)
    days = serializers.IntegerField(min_value=1, max_value=DAYS_AT_MOST, default=30)
    service_account = serializers.CharField(max_length=60, required=False)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    of = serializers.CharField(source="user.username")

    class Meta:
        model = ApiToken
        fields = ("id", "name", "of", "scopes", "created_at", "expires_at", "last_used_at")


class IssuedSerializer(serializers.Serializer[Issued]):
    """A new token. Its text, `token`, is told this once only."""

    def to_representation(self, issued: Issued) -> dict[str, Any]:
        return {"token": issued.secret, **TokenSerializer(issued.token).data}


class ServiceWishSerializer(StrictSerializer):
    name = serializers.CharField(max_length=60)
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices), allow_empty=False)


class ServiceSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="username")
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices))

    class Meta:
        model = User
        fields = ("name", "scopes")


class IntrospectionSerializer(serializers.Serializer[Any]):
    """As RFC 7662 says; what else is sent is passed over."""

    token = serializers.CharField(max_length=4096)


class MeSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("username", "is_administrator", "is_service")
