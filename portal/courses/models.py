"""A course is a Keystone project in which only the portal's service user acts; its roster says what people may do."""

from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q


class Course(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    project_id = models.CharField(max_length=64, blank=True, help_text="empty: the portal is still making it")
    starts_on = models.DateField(null=True, help_text="from which day on its students create clusters")
    ends_on = models.DateField(null=True, help_text="the last such day")
    profiles_only = models.BooleanField(default=False, help_text="its students create clusters from profiles only")
    archived_at = models.DateTimeField(null=True)
    folders_until = models.DateTimeField(null=True, help_text="when the folders of an archived course are deleted")
    waiting_for = models.CharField(max_length=500, blank=True, help_text="why its project is not there yet")
    retry_at = models.DateTimeField(null=True, help_text="when its project is tried for again")
    idle_minutes = models.PositiveIntegerField(
        null=True, default=120, help_text="after which a cluster that nobody uses ends; empty: never"
    )
    idle_off_until = models.DateTimeField(null=True, help_text="until then none ends for that, as in a lecture")
    # When passes last looked at the project's stacks, and at its shares.
    reconciled_at = models.DateTimeField(null=True)
    folders_reconciled_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project_id"], condition=~Q(project_id=""), name="one_course_of_a_project"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=models.F("starts_on")), name="no_term_ends_before_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def project_name(self) -> str:
        """Of a project that the portal makes: by it that is found again."""
        return f"slipway-course-{self.pk}"

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    def is_on(self, day: date) -> bool:
        """Whether the day lies in its term."""
        return (self.starts_on or day) <= day <= (self.ends_on or day)


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


class Profile(models.Model):
    """A cluster that a teacher has thought out: students create it as it is, but for what they may change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="profiles")
    name = models.CharField(max_length=60)
    text = models.TextField(blank=True, max_length=2000, help_text="what it is good for")
    spec = models.JSONField(help_text="fields of a request for a cluster, by their names")
    may_change = models.JSONField(default=list, help_text="names of fields that students may change")

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "name"], name="one_profile_of_a_name")]

    def __str__(self) -> str:
        return self.name
