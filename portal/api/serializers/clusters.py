"""Clusters: what is asked for, and what there is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict, cast

from django.utils import timezone
from rest_framework import serializers

from billing.costs import Cost
from heat_templates.schema import request
from portal.api.serializers.problems import WhySerializer
from portal.api.serializers.strict import StrictSerializer
from portal.clusters.accounting.quoting import Quote
from portal.clusters.life import lifetime
from portal.clusters.models import Cluster, ClusterEvent
from portal.clusters.profiles import filled
from portal.clusters.wishes import FolderUse, Wish
from portal.folders.models import Access

# Else it looks for the request's time zone with each moment of a list, though it is always this.
MOMENT = serializers.DateTimeField(default_timezone=timezone.get_default_timezone())


def _credits() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=24, decimal_places=6)


def _moment(at: datetime | None) -> Any:
    return at and MOMENT.to_representation(at)


class FolderUseSerializer(StrictSerializer):
    folder = serializers.UUIDField()
    path = serializers.CharField(max_length=255, default="", allow_blank=True)
    access = serializers.ChoiceField(Access.choices, default=Access.READ_WRITE)


class WishSerializer(StrictSerializer):
    course = serializers.UUIDField()
    name = serializers.CharField()
    profile = serializers.CharField(default="", allow_blank=True, help_text="an id; what is not named is as it says")
    framework = serializers.CharField(required=False)
    workers = serializers.IntegerField(required=False)
    flavor = serializers.CharField(max_length=255, required=False)
    hours = serializers.IntegerField(required=False)
    folders = FolderUseSerializer(many=True, default=list)

    def get_fields(self) -> dict[str, Any]:
        """Beside its own all that a person may ask for. What may be in them the spec says."""
        others = {name: serializers.JSONField(required=False) for name in request()["properties"]}
        return {**others, **super().get_fields()}

    def wish(self) -> Wish:
        """What was sent, where it is valid."""
        return wish_of(filled(self.validated_data))


def wish_of(fields: Mapping[str, Any]) -> Wish:
    said = dict(fields)
    uses = tuple(FolderUse(**{**use, "folder": str(use["folder"])}) for use in said.pop("folders"))
    own = {name: said.pop(name) for name in ("name", "framework", "workers", "flavor", "hours")}
    return Wish(course=str(said.pop("course")), profile=said.pop("profile", ""), **own, folders=uses, more=said)


class ResizeSerializer(StrictSerializer):
    workers = serializers.IntegerField(min_value=1, required=False)
    remove = serializers.ListField(child=serializers.CharField(), allow_empty=False, required=False)

    def validate(self, wish: dict[str, Any]) -> dict[str, Any]:
        if len(wish) != 1:
            raise serializers.ValidationError({"workers": "give either this, or the names to remove in `remove`"})
        return wish


class ExtendSerializer(StrictSerializer):
    hours = serializers.IntegerField()


class ExcessShown(TypedDict):
    limit: str
    detail: str


class QuoteSerializer(serializers.Serializer[Quote]):
    """Credits are decimal texts."""

    hourly = _credits()
    until_end = _credits()
    remaining = _credits()
    fits = serializers.BooleanField()
    excesses = serializers.SerializerMethodField()
    advice = serializers.CharField()

    def get_excesses(self, quote: Quote) -> list[ExcessShown]:
        return [{"limit": excess.name, "detail": excess.words} for excess in quote.excesses]


class CostSerializer(serializers.Serializer[Cost]):
    """Credits are decimal texts."""

    cost = serializers.DecimalField(
        max_digits=24,
        decimal_places=6,
        source="so_far",
        help_text="what all its nodes have cost from when each was ready until now, or until their end",
    )
    hourly = serializers.DecimalField(
        max_digits=24, decimal_places=6, help_text="what an hour costs of the nodes that are in service now"
    )


class RepairSerializer(StrictSerializer):
    nodes = serializers.ListField(child=serializers.CharField(), default=list)


class ProgressShown(TypedDict):
    done: int
    total: int
    phase: str


class HealthShown(TypedDict):
    state: Literal["good", "trouble", "silent"]
    text: str


class IdleShown(TypedDict):
    seen: str
    seen_at: datetime
    ends_at: datetime | None


class NodeShown(TypedDict):
    name: str
    role: str
    address: str | None
    state: str
    trouble: str
    kept_by: str | None
    storage: dict[str, int] | None


class MountShown(TypedDict):
    folder: str
    name: str
    path: str
    access: str


class ClusterSerializer(serializers.ModelSerializer[Cluster]):
    """A cluster, its nodes and how far they are."""

    # Of one with what is `shown` of it. The fields say what an answer is; `to_representation` makes it without them, as
    # they took most of the time of a list.

    course = serializers.CharField(source="course_id")
    owner = serializers.CharField(source="shown.owner")
    progress = serializers.SerializerMethodField()
    health = serializers.SerializerMethodField()
    idle = serializers.SerializerMethodField()
    nodes = serializers.SerializerMethodField()
    folders = serializers.SerializerMethodField()
    waiting_for = serializers.CharField()
    key_pair = serializers.CharField(allow_null=True, help_text="the cloud's key pair that opens its machines' SSH")
    failure = WhySerializer(allow_null=True)
    change_failure = WhySerializer(allow_null=True, help_text="why the last change did not come about")

    class Meta:
        model = Cluster
        fields = (
            "id", "name", "course", "owner", "framework", "workers", "flavor", "status", "target", "progress",
            "waiting_for", "failure", "change_failure", "health", "idle", "nodes", "folders",
            "key_pair", "floating_ip", "created_at", "ready_at", "expires_at", "ended_at",
        )  # fmt: skip

    def to_representation(self, cluster: Cluster) -> dict[str, Any]:
        return {
            "id": str(cluster.pk),
            "name": cluster.name,
            "course": str(cluster.course_id),
            "owner": cluster.shown.owner,
            "framework": cluster.framework,
            "workers": cluster.workers,
            "flavor": cluster.flavor,
            "status": cluster.status,
            "target": cluster.target,
            "progress": self.get_progress(cluster),
            "waiting_for": cluster.waiting_for,
            "failure": cluster.failure,
            "change_failure": cluster.change_failure,
            "health": self.get_health(cluster),
            "idle": self.get_idle(cluster),
            "nodes": self.get_nodes(cluster),
            "folders": self.get_folders(cluster),
            "key_pair": cluster.key_pair,
            "floating_ip": cluster.floating_ip,
            "created_at": _moment(cluster.created_at),
            "ready_at": _moment(cluster.ready_at),
            "expires_at": _moment(cluster.expires_at),
            "ended_at": _moment(cluster.ended_at),
        }

    def get_progress(self, cluster: Cluster) -> ProgressShown:
        now = cluster.shown.progress()
        return {"done": now.done, "total": now.total, "phase": now.phase}

    def get_health(self, cluster: Cluster) -> HealthShown | None:
        now = cluster.shown.health(timezone.now())
        return cast(HealthShown, now.as_json()) if now else None

    def get_idle(self, cluster: Cluster) -> IdleShown | None:
        """What was last seen of its use, and when it ends if nothing happens."""
        now = lifetime.idling(cluster)
        return {"seen": now.words, "seen_at": now.seen_at, "ends_at": now.ends_at} if now else None

    def get_nodes(self, cluster: Cluster) -> list[NodeShown]:
        states = cluster.shown.node_states()
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
            for node in cluster.shown.nodes
        ]

    def get_folders(self, cluster: Cluster) -> list[MountShown]:
        return [
            {"folder": mount.folder_id, "name": mount.folder_name, "path": mount.path, "access": mount.access}
            for mount in cluster.shown.mounts
        ]


class ClusterEventSerializer(serializers.ModelSerializer[ClusterEvent]):
    title = serializers.SerializerMethodField(help_text="the step in words")
    log = serializers.CharField(help_text="of a step that failed, the end of what the machine wrote")

    class Meta:
        model = ClusterEvent
        fields = ("node", "step", "title", "state", "seconds", "message", "log", "generation", "at")

    def get_title(self, event: ClusterEvent) -> str:
        return event.cluster.manifest.step_titles.get(event.step, event.step)
