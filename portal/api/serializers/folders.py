"""Folders."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.api.serializers.problems import WhySerializer
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


class FolderSerializer(serializers.ModelSerializer[Any]):
    course = serializers.CharField(source="course_id")
    maker = serializers.CharField(source="maker.username")
    exports = serializers.ListField(child=serializers.CharField())
    failure = WhySerializer(allow_null=True)

    class Meta:
        model = Folder
        fields: tuple[str, ...] = (
            "id", "name", "course", "maker", "share_type", "protocol", "access_for_students", "size_gb", "wanted_gb",
            "status", "target", "exports", "waiting_for", "failure", "created_at", "ended_at",
        )  # fmt: skip


class GuestSerializer(serializers.ModelSerializer[Mount]):
    """A cluster that mounts a folder."""

    cluster = serializers.CharField(source="cluster_id")
    name = serializers.CharField(source="cluster.name")
    owner = serializers.CharField(source="cluster.owner.username")

    class Meta:
        model = Mount
        fields = ("cluster", "name", "owner", "path", "access")


class SeenFolderSerializer(FolderSerializer):
    """A folder, with the clusters that mount it: those of which the person may know, and how many others."""

    monthly = serializers.DecimalField(
        max_digits=24, decimal_places=6, help_text="what all of it, `wanted_gb`, costs a month, in credits"
    )
    used_by = GuestSerializer(many=True)
    used_by_others = serializers.IntegerField()

    class Meta(FolderSerializer.Meta):
        fields = (*FolderSerializer.Meta.fields, "monthly", "used_by", "used_by_others")

    def to_representation(self, shown: Any) -> dict[str, Any]:
        assert isinstance(shown, Seen)
        return {
            **FolderSerializer(shown.folder).data,
            "monthly": str(shown.monthly),
            "used_by": GuestSerializer(shown.mounts, many=True).data,
            "used_by_others": shown.others,
        }
