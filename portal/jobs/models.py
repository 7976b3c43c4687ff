"""A job: a program that a cluster runs once. Its row is also the leased command that the master's agent fetches."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from portal.clusters.models import Cluster


class JobStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


class Job(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="jobs")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    application = models.CharField(max_length=255, help_text="the file's own name")
    arguments = models.JSONField(default=list)
    files = models.JSONField(default=list, help_text="the names of the input files, in the order of their upload")

    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.QUEUED)
    exit_code = models.IntegerField(null=True)
    reason = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True)
    log_received = models.PositiveBigIntegerField(default=0, help_text="bytes; the log kept may be shorter")

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]
        indexes: ClassVar = [
            models.Index(
                fields=["cluster", "created_at"], condition=models.Q(status__in=UNFINISHED), name="unfinished_jobs"
            )
        ]

    def __str__(self) -> str:
        return self.application

    @property
    def is_finished(self) -> bool:
        return self.status not in UNFINISHED


class JobOutput(models.Model):
    """A file that a job left below `output/`; one that did not fit under the limit is listed without its bytes."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="outputs")
    path = models.TextField()
    size = models.PositiveBigIntegerField()
    uploaded = models.BooleanField()

    class Meta:
        ordering: ClassVar = ["path"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["job", "path"], name="one_output_of_a_path")]
