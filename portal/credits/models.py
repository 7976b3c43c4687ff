"""What other services of the university charge to courses."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from portal.courses.models import Course


class Lease(models.Model):
    """Something that a service lends to a person of a course, at a price an hour or for all of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    service = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120, help_text="what people read in their statements")
    hourly = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    fixed = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(hourly=None, fixed__gte=0) | models.Q(fixed=None, hourly__gte=0),
                name="a_lease_has_one_price",
            )
        ]
