"""The shapes of what nodes send."""

from __future__ import annotations

from rest_framework import serializers

from portal.clusters.models import EventState


class EventSerializer(serializers.Serializer[None]):
    step = serializers.CharField(max_length=40)
    state = serializers.ChoiceField(EventState.choices)
    seconds = serializers.FloatField(min_value=0)
    message = serializers.CharField(allow_blank=True, default="")
    log = serializers.CharField(allow_blank=True, default="", trim_whitespace=False)


class OutputSerializer(serializers.Serializer[None]):
    path = serializers.CharField(max_length=4096, trim_whitespace=False)
    size = serializers.IntegerField(min_value=0)
    uploaded = serializers.BooleanField()


class ResultSerializer(serializers.Serializer[None]):
    exit_code = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True, default="")
    output = OutputSerializer(many=True, default=list)
