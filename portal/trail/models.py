"""One kind of row, which is only ever added."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Way(models.TextChoices):
    """By which somebody acted."""

    PAGE = "page", "Page"
    TOKEN = "token", "Token"
    SYSTEM = "system", "System"


class Entry(models.Model):
    """Names are kept as they were, and no keys: an entry outlives the person and the thing that it names."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=255, blank=True, help_text="who did it; empty: the portal itself")
    way = models.CharField(max_length=10, choices=Way)
    action = models.CharField(max_length=60, help_text="the kind of thing and what was done: cluster.create")
    subject = models.CharField(max_length=64, help_text="the id of the thing")
    name = models.CharField(max_length=255, blank=True, help_text="of the thing, as it was")
    course = models.CharField(max_length=60, blank=True, help_text="the course's name")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        # One for each filter of the trail's page: the newest come first, and `since` is where the reading ends.
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="trail_in_time"),
            models.Index(fields=["course", "-at", "-id"], name="trail_of_course"),
            models.Index(fields=["subject", "-at", "-id"], name="trail_of_subject"),
            models.Index(fields=["actor", "-at", "-id"], name="trail_of_actor"),
        ]
