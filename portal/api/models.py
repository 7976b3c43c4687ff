"""What the API itself keeps: its answers to requests that may be repeated."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class KeptAnswer(models.Model):
    """The answer to a request with an Idempotency-Key, written in the transaction of what it tells of."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="of the whole request")
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.TextField(null=True, help_text="null: it held a secret, which is told once only")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_for_a_key")]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="kept_answers_in_time")]
