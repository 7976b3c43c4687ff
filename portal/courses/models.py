"""A course is a Keystone project in which only the portal's service user acts; its roster says what people may do."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models


class Course(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    project_id = models.CharField(max_length=64, unique=True)
    clusters_each = models.PositiveIntegerField(default=1, help_text="clusters that a student may have at once")
    hours_at_most = models.PositiveIntegerField(default=12, help_text="hours that one cluster may last")
    folder_gb_each = models.PositiveIntegerField(default=20, help_text="GB of all folders that a student has made")
    # When passes last looked at the project's stacks, and at its shares.
    reconciled_at = models.DateTimeField(null=True)
    folders_reconciled_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.title


class Role(models.TextChoices):
    STUDENT = "student", "Student"
    ASSISTANT = "assistant", "Assistant"
    TEACHER = "teacher", "Teacher"


class Membership(models.Model):
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "user"], name="one_role_in_a_course")]
