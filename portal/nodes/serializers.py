"""The shapes of what nodes send."""

from __future__ import annotations

import math

from rest_framework import serializers

from portal.clusters.models import EventState
from portal.jobs import rules


class EventSerializer(serializers.Serializer[None]):
    step = serializers.CharField(max_length=40)
    state = serializers.ChoiceField(EventState.choices)
    seconds = serializers.FloatField(min_value=0, max_value=10**9)
    message = serializers.CharField(allow_blank=True, default="")
    log = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)

    def validate_seconds(self, seconds: float) -> float:
        if not math.isfinite(seconds):  # no comparison finds what is no number
            raise serializers.ValidationError("must be a number")
        return seconds


class StorageSerializer(serializers.Serializer[None]):
    """Named one by one: what a node adds of its own is not kept."""

    capacity = serializers.IntegerField(min_value=0, max_value=2**63, required=False)
    used = serializers.IntegerField(min_value=0, max_value=2**63, required=False)
    remaining = serializers.IntegerField(min_value=0, max_value=2**63, required=False)
    blocks = serializers.IntegerField(min_value=0, max_value=2**63, required=False)


class HealthSerializer(serializers.Serializer[None]):
    troubles = serializers.DictField(child=serializers.CharField(max_length=10_000), allow_empty=True)
    storage = serializers.DictField(child=StorageSerializer(), default=dict)
    leaving = serializers.DictField(child=serializers.CharField(max_length=10_000, allow_blank=True), default=dict)
    idle_seconds = serializers.IntegerField(min_value=0, max_value=2**31, allow_null=True, default=None)


class OutputSerializer(serializers.Serializer[None]):
    path = serializers.CharField(trim_whitespace=False)
    size = serializers.IntegerField(min_value=0, max_value=2**62)
    uploaded = serializers.BooleanField()

    def validate_path(self, path: str) -> str:
        if why := rules.wrong_path(path):
            raise serializers.ValidationError(why)
        return path


class ResultSerializer(serializers.Serializer[None]):
    exit_code = serializers.IntegerField(allow_null=True, min_value=-(2**31), max_value=2**31 - 1)
    reason = serializers.CharField(allow_blank=True, default="")
    output = serializers.ListField(child=OutputSerializer(), default=list, max_length=rules.MOST_OUTPUTS)
