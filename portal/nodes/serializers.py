"""The shapes of what nodes send."""

from __future__ import annotations

from rest_framework import serializers

from portal.clusters.models import EventState
from portal.jobs import rules


class EventSerializer(serializers.Serializer[None]):
    step = serializers.CharField(max_length=40)
    state = serializers.ChoiceField(EventState.choices)
    seconds = serializers.FloatField(min_value=0)
    message = serializers.CharField(allow_blank=True, default="")
    log = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)


class HealthSerializer(serializers.Serializer[None]):
    troubles = serializers.DictField(child=serializers.CharField(max_length=10_000), allow_empty=True)
    storage = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=2**63)), default=dict
    )
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
    output = OutputSerializer(many=True, default=list)
