"""The audit trail."""

from __future__ import annotations

from rest_framework import serializers

from portal.api.serializers.strict import StrictSerializer
from portal.audit.trail import Filter
from portal.trail.models import Entry


class TrailQuerySerializer(StrictSerializer):
    course = serializers.CharField(max_length=60, default="")
    subject = serializers.CharField(max_length=64, default="")
    actor = serializers.CharField(max_length=255, default="")
    since = serializers.DateTimeField(default=None)
    cursor = serializers.CharField(default="")

    def filter(self) -> Filter:
        said = dict(self.validated_data)
        del said["cursor"]  # the paginator's
        return Filter(**said)


class EntrySerializer(serializers.ModelSerializer[Entry]):
    class Meta:
        model = Entry
        fields = ("id", "at", "actor", "way", "action", "subject", "name", "course", "before", "after")
