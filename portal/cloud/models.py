"""The catalogue: flavors and images that courses may use.

Filled by an import, so that a page never waits for Nova or Glance.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Flavor(models.Model):
    name = models.CharField(max_length=255, unique=True)
    vcpus = models.PositiveIntegerField()
    memory_mb = models.PositiveIntegerField()
    disk_gb = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["memory_mb", "vcpus", "name"]

    def __str__(self) -> str:
        return self.name


class Image(models.Model):
    name = models.CharField(max_length=255, unique=True)
    framework = models.CharField(max_length=60)
    bundle_version = models.CharField(max_length=60)
    architecture = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.name
