"""Jobs and what they leave."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.jobs.models import Job, JobOutput


class SubmissionSerializer(serializers.Serializer[Any]):
    """A form with files."""

    application = serializers.FileField(help_text="the program, in Python or Java")
    arguments = serializers.CharField(default="[]", help_text='a JSON list of texts, such as ["flights.csv", "10"]')
    files = serializers.ListField(child=serializers.FileField(), required=False, help_text="what it reads")


class JobSerializer(serializers.ModelSerializer[Job]):
    cluster = serializers.CharField(source="cluster_id")
    owner = serializers.CharField(source="owner.username")
    arguments = serializers.ListField(child=serializers.CharField())
    files = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Job
        fields = (
            "id", "cluster", "owner", "application", "arguments", "files", "status", "exit_code", "reason",
            "created_at", "started_at", "ended_at",
        )  # fmt: skip


class OutputSerializer(serializers.ModelSerializer[JobOutput]):
    class Meta:
        model = JobOutput
        fields = ("path", "size", "uploaded")


class OutputsSerializer(serializers.Serializer[Any]):
    """All of them, on one page."""

    results = OutputSerializer(many=True)
    next = serializers.CharField(allow_null=True)
