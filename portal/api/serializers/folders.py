"""Folders."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.strict import StrictSerializer
from portal.folders.models import Access, Folder, Mount
from portal.folders.services import Seen


class FolderWishSerializer(StrictSerializer):
    course = serializers.UUIDField()
    name = serializers.CharField()
    size_gb = serializers.IntegerField()
    share_type = serializers.CharField(max_length=255, default="", allow_blank=True)
    access_for_students = serializers.ChoiceField(Access.choices, default=Access.READ_WRITE)


class GrowthSerializer(StrictSerializer):
    size_gb = serializers.IntegerField()


class FolderSerializer(serializers.ModelSerializer[Folder]):
    course = serializers.CharField(source="course_id")
    maker = serializers.CharField(source="maker.username")

    class Meta:
        model = Folder
        fields = (
            "id", "name", "course", "maker", "share_type", "protocol", "access_for_students", "size_gb", "wanted_gb",
            "status", "target", "exports", "waiting_for", "failure", "created_at", "ended_at",
        )  # fmt: skip


class SeenFolderSerializer(serializers.Serializer[Seen]):
    """A folder, with the clusters that mount it: those of which the person may know, and how many others."""

    def to_representation(self, shown: Seen) -> dict[str, Any]:
        return {
            **FolderSerializer(shown.folder).data,
            "used_by": [_guest(mount) for mount in shown.mounts],
            "used_by_others": shown.others,
        }


def _guest(mount: Mount) -> dict[str, str]:
    cluster = mount.cluster
    return {
        "cluster": str(cluster.pk), "name": cluster.name, "owner": cluster.owner.username,
        "path": mount.path, "access": mount.access,
    }  # fmt: skip
