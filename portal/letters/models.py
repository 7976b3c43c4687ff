"""A letter to one person."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    SENT = "sent", "Sent"
    UNWANTED = "unwanted", "Not wanted"
    UNDELIVERABLE = "undeliverable", "Undeliverable"


class Letter(models.Model):
    key = models.CharField(max_length=200, unique=True, help_text="what it tells of: that is told once")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="letters")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    must = models.BooleanField(default=False, help_text="also to who wants no letters: something of theirs is gone")
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    made_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    trouble = models.CharField(max_length=500, blank=True, help_text="why it was not taken the last time")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["made_at"], condition=models.Q(state=State.WAITING), name="letters_that_wait")
        ]

    def __str__(self) -> str:
        return self.subject
