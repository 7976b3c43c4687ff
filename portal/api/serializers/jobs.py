"""Jobs and what they leave."""

from __future__ import annotations

from rest_framework import serializers

from portal.jobs.models import Job, JobOutput


class JobSerializer(serializers.ModelSerializer[Job]):
    cluster = serializers.CharField(source="cluster_id")
    owner = serializers.CharField(source="owner.username")

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
