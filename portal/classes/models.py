"""An action for a class is a row, and so is each person's or cluster's part of it: a pass takes one part after the
other, and one that is cut off goes on with those that wait."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from portal.clusters.models import Cluster
from portal.courses.models import Course


class Kind(models.TextChoices):
    START = "start", "Start clusters"
    EXTEND = "extend", "Put ends off"
    END = "end", "End clusters"


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    CANCELLED = "cancelled", "Cancelled"


FAILED = "failed"  # of what is done: the cluster was made, and the cloud failed it


class ClassAction(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="class_actions")
    kind = models.CharField(max_length=10, choices=Kind)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="class_actions")
    made_at = models.DateTimeField(auto_now_add=True)
    begins_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="no part of it waits any more")
    hours = models.PositiveIntegerField(default=0, help_text="of a cluster that is started, or that are put on an end")
    # Of a start alone:
    wish = models.JSONField(null=True, help_text="what each student shall have, by the fields of a Wish")
    profile = models.CharField(max_length=60, blank=True, help_text="the profile's name, as it was")
    ready_at = models.DateTimeField(null=True, help_text="when the clusters shall be ready")
    at_once = models.PositiveIntegerField(default=1, help_text="clusters that are being made side by side")
    for_all = models.BooleanField(default=False, help_text="for all students that there are when it begins")

    class Meta:
        ordering: ClassVar = ["-made_at", "id"]
        indexes: ClassVar = [
            # The pass asks for these every few seconds.
            models.Index(fields=["begins_at"], condition=models.Q(ended_at=None), name="unfinished_class_actions"),
        ]


class Part(models.Model):
    """What is done for one person, or to one cluster."""

    action = models.ForeignKey(ClassAction, on_delete=models.CASCADE, related_name="parts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, null=True, related_name="+", help_text="to act on")
    made = models.ForeignKey(Cluster, on_delete=models.PROTECT, null=True, related_name="+", help_text="by a start")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=1000, blank=True, help_text="why it was refused, or what it waits for")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["action", "user"], condition=models.Q(cluster=None), name="one_start_of_a_student"
            ),
            models.UniqueConstraint(fields=["action", "cluster"], name="one_part_of_a_cluster"),
        ]

    @property
    def subject(self) -> Cluster | None:
        """The cluster that it is about, where there is one."""
        return self.cluster or self.made

    @property
    def outcome(self) -> str:
        """Its state, or that nobody got the cluster that was made."""
        return FAILED if self.made and self.made.failure else self.state

    @property
    def why(self) -> str:
        """In a line: why it was refused, what it waits for, or why the cluster that was made failed."""
        if not self.made or not self.made.failure:
            return self.reason
        cause, _, _ = self.made.failure["why"].partition("\n")
        return f"{self.made.failure['what']} {cause}"
