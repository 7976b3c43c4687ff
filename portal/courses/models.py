"""A course is a Keystone project in which only the portal's service user acts; its roster says what people may do."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Course(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    project_id = models.CharField(max_length=64, unique=True)
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


class Limit(models.Model):
    """One figure that must not be passed (portal/courses/limits.py says of what). Where there is no row nothing is
    bound; but a student's own row that has no value lifts the limit that holds for the others."""

    class Scope(models.TextChoices):
        COURSE = "course", "All of the course together"
        STUDENT = "student", "Each student; with a user, this one"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="limits")
    scope = models.CharField(max_length=10, choices=Scope)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="limits")
    name = models.CharField(max_length=20)
    value = models.DecimalField(max_digits=18, decimal_places=6, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course", "scope", "name"], condition=Q(user=None), name="one_limit_of_a_name"
            ),
            models.UniqueConstraint(
                fields=["course", "user", "name"], condition=~Q(user=None), name="one_exception_of_a_name"
            ),
            models.CheckConstraint(condition=Q(user=None) | Q(scope="student"), name="exceptions_are_students"),
            models.CheckConstraint(condition=Q(value=None) | Q(value__gte=0), name="no_limit_is_negative"),
        ]
