"""The catalogue: flavors, images and share types that courses may use.

Filled by an import, so that a page never waits for Nova, Glance or Manila.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Flavor(models.Model):
    name = models.CharField(max_length=255, unique=True)
    vcpus = models.PositiveIntegerField()
    memory_mb = models.PositiveIntegerField()
    disk_gb = models.PositiveIntegerField()
    gpus = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["memory_mb", "vcpus", "name"]

    def __str__(self) -> str:
        return self.name


class Image(models.Model):
    name = models.CharField(max_length=255, unique=True)
    framework = models.CharField(max_length=60)
    bundle_version = models.CharField(max_length=60)
    architecture = models.CharField(max_length=20)
    container = models.BooleanField(default=False, help_text="of Glance's container_format docker")

    def __str__(self) -> str:
        return self.name


class ShareTypes(models.QuerySet["ShareType"]):
    def for_scratch(self) -> ShareTypes:
        return self.filter(protocol__in=ShareType.SCRATCH_PROTOCOLS)


class ShareType(models.Model):
    """What Manila calls a share type: which storage a folder lies on, and how machines mount it."""

    class Protocol(models.TextChoices):
        NFS = "NFS", "NFS"
        CEPHFS = "CEPHFS", "CephFS"

    # For a cluster's own share: of others the key would stand in the cluster's template.
    SCRATCH_PROTOCOLS = (Protocol.NFS,)

    name = models.CharField(max_length=255, unique=True)
    protocol = models.CharField(max_length=16, choices=Protocol, default=Protocol.NFS)
    title = models.CharField(max_length=120, help_text="what people read")

    objects = ShareTypes.as_manager()

    class Meta:
        ordering: ClassVar = ["id"]  # the first of the document is offered first

    def __str__(self) -> str:
        return self.title

    @property
    def is_for_scratch(self) -> bool:
        return self.protocol in self.SCRATCH_PROTOCOLS
