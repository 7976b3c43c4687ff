"""What there is to choose among."""

from __future__ import annotations

from typing import TypedDict

from rest_framework import serializers

from portal.clusters.choices import Choices


class WorkersOffered(TypedDict):
    minimum: int
    maximum: int
    default: int


class FrameworkOffered(TypedDict):
    name: str
    title: str
    description: str
    workers: WorkersOffered
    job_suffixes: list[str]


class FlavorOffered(TypedDict):
    name: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    gpus: int
    hourly: str


class ImageOffered(TypedDict):
    name: str
    framework: str
    architecture: str
    bundle_version: str


class ShareTypeOffered(TypedDict):
    name: str
    title: str
    protocol: str
    for_scratch: bool
    monthly: str


class OffersSerializer(serializers.Serializer[Choices]):
    """Credits are decimal texts."""

    frameworks = serializers.SerializerMethodField(help_text="the default of `workers` is what the form begins with")
    flavors = serializers.SerializerMethodField(help_text="`hourly` is the price of one machine, with its GPUs")
    images = serializers.SerializerMethodField()
    share_types = serializers.SerializerMethodField(
        help_text="kinds of storage for folders, some for a scratch folder, too; `monthly` is the price of a GB"
    )
    lacks = serializers.DictField(
        child=serializers.CharField(), help_text="fields that this site's machines cannot do, and why"
    )

    def get_frameworks(self, choices: Choices) -> list[FrameworkOffered]:
        return [
            {
                "name": each.name,
                "title": each.title,
                "description": each.description,
                "workers": {
                    "minimum": each.minimum_workers,
                    "maximum": each.maximum_workers,
                    "default": each.default_workers,
                },
                "job_suffixes": list(each.job_suffixes),
            }
            for each in choices.manifests
        ]

    def get_flavors(self, choices: Choices) -> list[FlavorOffered]:
        return [
            {
                "name": each.name,
                "vcpus": each.vcpus,
                "memory_mb": each.memory_mb,
                "disk_gb": each.disk_gb,
                "gpus": each.gpus,
                "hourly": str(choices.hourly[each.name]),
            }
            for each in choices.flavors
        ]

    def get_images(self, choices: Choices) -> list[ImageOffered]:
        return [
            {
                "name": each.name,
                "framework": each.framework,
                "architecture": each.architecture,
                "bundle_version": each.bundle_version,
            }
            for each in choices.images
        ]

    def get_share_types(self, choices: Choices) -> list[ShareTypeOffered]:
        return [
            {
                "name": each.name,
                "title": each.title,
                "protocol": each.protocol,
                "for_scratch": each.is_for_scratch,
                "monthly": str(choices.monthly[each.name]),
            }
            for each in choices.share_types
        ]
