"""Log-ins, tokens and service accounts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.accounts.models import ADDRESS_LIMIT, ApiToken, User
from portal.accounts.scopes import Scope
from portal.accounts.tokens import DAYS_AT_MOST, Issued
from portal.api.serializers.strict import StrictSerializer, TypedSerializer


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


class TokenSerializer(serializers.ModelSerializer[Any]):
    of = serializers.CharField(source="user.username")

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = ("id", "name", "of", "scopes", "created_at", "expires_at", "last_used_at")


class IssuedSerializer(TokenSerializer):
    """A new token."""

    token = serializers.CharField(help_text="its text, which is told this once only")

    class Meta(TokenSerializer.Meta):
        fields = ("token", *TokenSerializer.Meta.fields)

    def to_representation(self, issued: Any) -> dict[str, Any]:
        assert isinstance(issued, Issued)
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


class IntrospectionSerializer(TypedSerializer):
    """As RFC 7662 says; what else is sent is passed over."""

    token = serializers.CharField(max_length=4096, trim_whitespace=False)


class IntrospectedSerializer(serializers.Serializer[Any]):
    """As RFC 7662 says: of a token that is none, or whose time is over, `active` is false and all else missing."""

    active = serializers.BooleanField()
    scope = serializers.CharField(required=False)
    username = serializers.CharField(required=False)
    sub = serializers.CharField(required=False)
    client_id = serializers.CharField(required=False)
    token_type = serializers.CharField(required=False)
    iat = serializers.IntegerField(required=False)
    exp = serializers.IntegerField(required=False)
    iss = serializers.CharField(required=False)


class MeSerializer(serializers.ModelSerializer[Any]):
    username = serializers.CharField(source="user.username")
    is_administrator = serializers.BooleanField(source="user.is_administrator")
    is_service = serializers.BooleanField(source="user.is_service")
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices), source="present_scopes")
    email = serializers.CharField(source="user.email", help_text="where letters go; empty: nowhere")
    wants_letters = serializers.BooleanField(source="user.wants_letters", help_text="of what is about to end")

    class Meta:
        model = ApiToken
        fields = ("username", "is_administrator", "is_service", "scopes", "email", "wants_letters")


class MyChangesSerializer(StrictSerializer):
    """What is not named stays."""

    email = serializers.EmailField(required=False, allow_blank=True, max_length=ADDRESS_LIMIT)
    wants_letters = serializers.BooleanField(required=False)
