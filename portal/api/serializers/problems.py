"""Refusals."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class WhySerializer(serializers.Serializer[Any]):
    """Of what went wrong by itself, and not by a request."""

    what = serializers.CharField()
    why = serializers.CharField()
    next = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457, with `next`: what to do now; `errors` maps each wrong field to its fault."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    next = serializers.CharField()
    errors = serializers.DictField(child=serializers.CharField(), required=False)  # type: ignore[assignment]
