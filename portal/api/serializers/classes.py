"""What is done for a whole class."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_serializer
from rest_framework import serializers

from portal.api.serializers.clusters import WishSerializer, wish_of
from portal.api.serializers.problems import WhySerializer
from portal.api.serializers.strict import StrictSerializer
from portal.classes.models import FAILED, ClassAction, Part, State
from portal.classes.previews import Outcome, Preview
from portal.classes.services import StartWish
from portal.clusters.profiles import filled
from portal.courses.models import Course


class StartSerializer(WishSerializer):
    """As of a new cluster, and when it is to be ready for whom. The course is the address's."""

    course = None  # type: ignore[assignment]
    ready_at = serializers.DateTimeField()
    at_once = serializers.IntegerField(default=10)
    students = serializers.ListField(
        child=serializers.CharField(max_length=255), allow_empty=False, allow_null=True, default=None
    )
    preview = serializers.BooleanField(default=False)

    def wanted(self, course: Course) -> StartWish:
        """What was sent, where it is valid."""
        said = {**self.validated_data, "course": course.pk}
        del said["preview"]
        ready_at, at_once, students = (said.pop(name) for name in ("ready_at", "at_once", "students"))
        wish = wish_of(filled(said))
        return StartWish(wish, ready_at, wish.hours, at_once, None if students is None else tuple(students))


@extend_schema_serializer(component_name="ExtendAll")
class ExtendSerializer(StrictSerializer):
    hours = serializers.IntegerField()
    preview = serializers.BooleanField(default=False)


class EndSerializer(StrictSerializer):
    confirm = serializers.CharField(max_length=60, default="", allow_blank=True)
    preview = serializers.BooleanField(default=False)


class ClassActionSerializer(serializers.ModelSerializer[ClassAction]):
    course = serializers.CharField(source="course_id")
    actor = serializers.CharField(source="actor.username")
    parts = serializers.SerializerMethodField()

    class Meta:
        model = ClassAction
        fields: tuple[str, ...] = (
            "id", "course", "kind", "actor", "made_at", "begins_at", "began_at", "ended_at", "hours", "profile",
            "ready_at", "at_once", "for_all", "parts",
        )  # fmt: skip

    def get_parts(self, action: Any) -> dict[str, int]:
        return {outcome: getattr(action, outcome) for outcome in ("waiting", "done", FAILED, "refused", "cancelled")}


class PartSerializer(serializers.ModelSerializer[Part]):
    """`state` is failed where a cluster was made, and the cloud failed it; `status` and `failure` are the cluster's."""

    username = serializers.CharField(source="user.username")
    cluster = serializers.UUIDField(source="subject.pk", read_only=True, default=None, allow_null=True)
    status = serializers.CharField(source="subject.status", read_only=True, default=None, allow_null=True)
    state = serializers.ChoiceField([*State.choices, (FAILED, "Failed")], source="outcome")
    reason = serializers.CharField(source="why")
    failure = WhySerializer(source="subject.failure", read_only=True, default=None, allow_null=True)

    class Meta:
        model = Part
        fields = ("username", "cluster", "state", "status", "reason", "failure", "decided_at")


class WholeActionSerializer(ClassActionSerializer):
    rows = PartSerializer(many=True)

    class Meta(ClassActionSerializer.Meta):
        fields = (*ClassActionSerializer.Meta.fields, "rows")


class OutcomeSerializer(serializers.Serializer[Any]):
    """What one person would get, or the `reason` why not."""

    username = serializers.CharField()
    cluster = serializers.CharField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    begins_at = serializers.DateTimeField(allow_null=True)
    would = serializers.IntegerField()
    refused = serializers.IntegerField()
    outcomes = OutcomeSerializer(many=True)


def or_preview(name: str, done: type[serializers.Serializer[Any]]) -> PolymorphicProxySerializer:
    """The answer of what can be looked at before it is done."""
    return PolymorphicProxySerializer(name, serializers=[done, PreviewSerializer], resource_type_field_name=None)


def preview_shape(preview: Preview) -> dict[str, Any]:
    refused = sum(bool(outcome.reason) for outcome in preview.outcomes)
    return {
        "begins_at": preview.begins_at,
        "would": len(preview.outcomes) - refused,
        "refused": refused,
        "outcomes": [_outcome(outcome) for outcome in preview.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "username": outcome.username,
        "cluster": str(outcome.cluster.pk) if outcome.cluster else None,
        "ends_at": outcome.ends_at,
        "reason": outcome.reason,
    }
