"""The shapes of the API. No rules: what may be is decided in the services."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from heat_templates.schema import request
from portal.clusters.models import Cluster
from portal.clusters.wishes import FolderUse, Wish
from portal.courses.models import Course
from portal.folders.models import Access, Folder, Mount
from portal.folders.services import Seen
from portal.jobs.models import Job, JobOutput


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what it does not know: a misspelt field must not be passed over in silence."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError(
                {name: f"unknown; known are {', '.join(self.fields)}" for name in unknown}
            )
        return super().to_internal_value(data)


class CredentialsSerializer(StrictSerializer):
    username = serializers.CharField(max_length=255)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class FolderUseSerializer(StrictSerializer):
    folder = serializers.UUIDField()
    path = serializers.CharField(max_length=255, default="", allow_blank=True)
    access = serializers.ChoiceField(Access.choices, default=Access.READ_WRITE)


class WishSerializer(StrictSerializer):
    course = serializers.UUIDField()
    name = serializers.CharField()
    framework = serializers.CharField(default="spark")
    workers = serializers.IntegerField()
    flavor = serializers.CharField(max_length=255)
    hours = serializers.IntegerField()
    folders = FolderUseSerializer(many=True, default=list)

    def get_fields(self) -> dict[str, Any]:
        """Beside its own all that a person may ask for. What may be in them the spec says."""
        others = {name: serializers.JSONField(required=False) for name in request()["properties"]}
        return {**others, **super().get_fields()}

    def wish(self) -> Wish:
        """What was sent, where it is valid."""
        said = dict(self.validated_data)
        uses = tuple(FolderUse(**{**use, "folder": str(use["folder"])}) for use in said.pop("folders"))
        own = {name: said.pop(name) for name in ("name", "framework", "workers", "flavor", "hours")}
        return Wish(course=str(said.pop("course")), **own, folders=uses, more=said)


class FolderWishSerializer(StrictSerializer):
    course = serializers.UUIDField()
    name = serializers.CharField()
    size_gb = serializers.IntegerField()
    share_type = serializers.CharField(max_length=255, default="", allow_blank=True)
    access_for_students = serializers.ChoiceField(Access.choices, default=Access.READ_WRITE)


class GrowthSerializer(StrictSerializer):
    size_gb = serializers.IntegerField()


class ResizeSerializer(StrictSerializer):
    workers = serializers.IntegerField(min_value=1, required=False)
    remove = serializers.ListField(child=serializers.CharField(), allow_empty=False, required=False)

    def validate(self, wish: dict[str, Any]) -> dict[str, Any]:
        if len(wish) != 1:
            raise serializers.ValidationError({"workers": "give either this, or the names to remove in `remove`"})
        return wish


class RepairSerializer(StrictSerializer):
    nodes = serializers.ListField(child=serializers.CharField(), default=list)


class CourseSerializer(serializers.ModelSerializer[Course]):
    class Meta:
        model = Course
        fields = ("id", "name", "title")


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    course = serializers.CharField(source="course_id")
    owner = serializers.CharField(source="owner.username")
    progress = serializers.SerializerMethodField()
    health = serializers.SerializerMethodField()
    nodes = serializers.SerializerMethodField()
    folders = serializers.SerializerMethodField()
    waiting_for = serializers.CharField()

    class Meta:
        model = Cluster
        fields = (
            "id", "name", "course", "owner", "framework", "workers", "flavor", "status", "target", "progress",
            "waiting_for", "failure", "change_failure", "health", "nodes", "folders",
            "created_at", "ready_at", "expires_at", "ended_at",
        )  # fmt: skip

    def get_progress(self, cluster: Cluster) -> dict[str, Any]:
        now = cluster.progress()
        return {"done": now.done, "total": now.total, "phase": now.phase}

    def get_health(self, cluster: Cluster) -> dict[str, str] | None:
        now = cluster.health(timezone.now())
        return now.as_json() if now else None

    def get_nodes(self, cluster: Cluster) -> list[dict[str, Any]]:
        states = cluster.node_states()
        return [
            {
                "name": node.name,
                "role": node.role,
                "address": node.address,
                "state": states[node.name],
                "trouble": node.trouble,
                "kept_by": node.kept_by if node.leaving else None,
                "storage": node.storage,
            }
            for node in cluster.nodes.all()
        ]

    def get_folders(self, cluster: Cluster) -> list[dict[str, Any]]:
        return [
            {"folder": str(mount.folder_id), "name": mount.folder.name, "path": mount.path, "access": mount.access}
            for mount in cluster.mounts.all()
        ]


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


class JobSerializer(serializers.ModelSerializer[Job]):
    cluster = serializers.CharField(source="cluster_id")
    owner = serializers.CharField(source="owner.username")

    class Meta:
        model = Job
        fields = (
            "id", "cluster", "owner", "application", "arguments", "files", "status", "exit_code", "reason",
            "created_at", "started_at", "ended_at",
        )  # fmt: skip


class OutputSerializer(serializers.ModelSerializer[JobOutput]):
    class Meta:
        model = JobOutput
        fields = ("path", "size", "uploaded")
