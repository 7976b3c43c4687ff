"""Usage records."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class UsageRecord(models.Model):
    """A resource was in use in this hour of the clock (UTC).

    Names are kept as they were: a record outlives what it names.
    """

    resource = models.UUIDField()
    hour = models.DateTimeField()
    course = models.CharField(max_length=60)
    owner = models.CharField(max_length=255)
    nodes = models.PositiveIntegerField()
    vcpus = models.PositiveIntegerField()
    memory_mb = models.PositiveIntegerField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["hour", "resource"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["resource", "hour"], name="one_record_an_hour")]
