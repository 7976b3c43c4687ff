"""A folder is what a course has; its share is what Manila has."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.cloud.models import ShareType
from portal.courses.models import Course

NAME_LIMIT = 60
# The status of a cluster of which nothing is left: it is named here, as clusters know folders and not the other way.
CLUSTER_DELETED = "deleted"
OF_PRESENT_CLUSTERS = ~Q(cluster__status=CLUSTER_DELETED)  # of mounts


class Status(models.TextChoices):
    """What is. `target` (what should be) takes two of these: available and deleted."""

    CREATING = "creating", "Creating"
    AVAILABLE = "available", "Available"
    GROWING = "growing", "Growing"
    DELETING = "deleting", "Deleting"
    DELETED = "deleted", "Deleted"
    FAILED = "failed", "Failed"


class Access(models.TextChoices):
    READ_WRITE = "rw", "Read and write"
    READ_ONLY = "ro", "Read only"


class Folder(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="folders")
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="folders")
    name = models.CharField(max_length=NAME_LIMIT)
    share_type = models.CharField(max_length=255)
    protocol = models.CharField(max_length=16, choices=ShareType.Protocol)
    access_for_students = models.CharField(
        max_length=2, choices=Access, default=Access.READ_WRITE, help_text="how others than its maker may mount it"
    )
    size_gb = models.PositiveIntegerField(help_text="what it has; of a new one, what it shall have")
    wanted_gb = models.PositiveIntegerField()

    status = models.CharField(max_length=10, choices=Status, default=Status.CREATING)
    target = models.CharField(max_length=10, choices=Status, default=Status.AVAILABLE)
    share_id = models.CharField(max_length=64, null=True)
    exports = models.JSONField(default=list, help_text="Manila's texts, the preferred one first")
    failure = models.JSONField(null=True)  # {"what", "why", "next"}; also of a growth, where the folder itself is well
    waiting_for = models.CharField(max_length=200, blank=True)
    retry_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True, help_text="when Manila was last asked for its exports and rules")

    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course", "name"], condition=~Q(status=Status.DELETED), name="one_live_folder_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def share_name(self) -> str:
        """By it the share is found again: a crash between "made" and "saved" loses nothing."""
        return f"slipway-folder-{self.id}"


class Mount(models.Model):
    """A folder in a cluster, at a path that is the same on all its machines. Their order is that in the spec."""

    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.CASCADE, related_name="mounts")
    folder = models.ForeignKey(Folder, on_delete=models.PROTECT, related_name="mounts")
    path = models.CharField(max_length=255)
    access = models.CharField(max_length=2, choices=Access)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cluster", "path"], name="one_mount_at_a_path"),
            models.UniqueConstraint(fields=["cluster", "folder"], name="one_mount_of_a_folder"),
        ]


class Grant(models.Model):
    """An access rule that Manila has or may have: written down before Manila is asked for it, and forgotten when Manila
    lists it no more. While there is one, the address that it names must not become another machine's."""

    mount = models.ForeignKey(Mount, on_delete=models.CASCADE, related_name="grants")
    subject = models.CharField(max_length=64, help_text="an address, or a CephX user")
    accepted = models.BooleanField(default=False, help_text="Manila has taken it")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["mount", "subject"], name="one_grant_of_a_subject")]
