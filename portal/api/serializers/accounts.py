"""Log-ins."""

from __future__ import annotations

from rest_framework import serializers

from portal.api.serializers.strict import StrictSerializer


class CredentialsSerializer(StrictSerializer):
    username = serializers.CharField(max_length=255)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)
