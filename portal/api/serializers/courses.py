"""Courses, their members and limits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from portal.api.serializers.strict import StrictSerializer
from portal.clusters.members import Member
from portal.clusters.models import Cluster
from portal.courses.limits import NAMES, OF_ONE, Figure, Limits
from portal.courses.making import CourseWish
from portal.courses.models import Course, Membership, Profile, Role
from portal.courses.roster import Line, Plan

DECIMALS: dict[str, Any] = {"max_digits": 18, "decimal_places": 6}


class CourseSerializer(serializers.ModelSerializer[Course]):
    project = serializers.CharField(source="project_id")

    class Meta:
        model = Course
        fields: tuple[str, ...] = (
            "id", "name", "title", "project", "waiting_for", "starts_on", "ends_on", "profiles_only",
            "idle_minutes", "idle_off_until", "archived_at", "folders_until",
        )  # fmt: skip


class SeenCourseSerializer(CourseSerializer):
    may = serializers.ListField(child=serializers.CharField(), help_text="what the person may do in it")

    class Meta(CourseSerializer.Meta):
        fields = (*CourseSerializer.Meta.fields, "may")


class CourseWishSerializer(StrictSerializer):
    name = serializers.CharField()
    title = serializers.CharField()
    project = serializers.CharField(max_length=64, default="", allow_blank=True)
    starts_on = serializers.DateField(default=None, allow_null=True)
    ends_on = serializers.DateField(default=None, allow_null=True)

    def wish(self) -> CourseWish:
        return CourseWish(**self.validated_data)


class CourseChangesSerializer(StrictSerializer):
    title = serializers.CharField(required=False)
    starts_on = serializers.DateField(required=False, allow_null=True)
    ends_on = serializers.DateField(required=False, allow_null=True)
    profiles_only = serializers.BooleanField(required=False)
    idle_minutes = serializers.IntegerField(
        required=False, allow_null=True, help_text="after which a cluster that nobody uses ends; null: never"
    )
    idle_off_until = serializers.DateTimeField(
        required=False, allow_null=True, help_text="until then none ends for that, as in a lecture"
    )


class ArchiveSerializer(StrictSerializer):
    confirm = serializers.CharField(default="", allow_blank=True, help_text="the course's name; a preview needs none")
    keep_folders_days = serializers.IntegerField(default=30)
    preview = serializers.BooleanField(default=False)


class MakerSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()


class MemberSerializer(serializers.Serializer[Member]):
    """`credits` is what a student may spend at most."""

    username = serializers.CharField()
    role = serializers.CharField(source="membership.role")
    clusters = serializers.IntegerField()
    active_at = serializers.DateTimeField(allow_null=True)
    spent = serializers.DecimalField(**DECIMALS)
    credits = serializers.DecimalField(**DECIMALS, allow_null=True)


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    username = serializers.CharField(source="user.username")

    class Meta:
        model = Membership
        fields = ("username", "role")


class MemberWishSerializer(StrictSerializer):
    username = serializers.CharField(max_length=255)
    role = serializers.ChoiceField(Role.choices, default=Role.STUDENT)


class RoleSerializer(StrictSerializer):
    role = serializers.ChoiceField(Role.choices)


class LeavingSerializer(StrictSerializer):
    end_clusters = serializers.BooleanField(default=False)
    preview = serializers.BooleanField(default=False)


class ListSerializer(StrictSerializer):
    """Without `apply` nothing is changed: the answer says what would be."""

    apply = serializers.BooleanField(default=False)
    remove_others = serializers.BooleanField(default=False)
    end_clusters = serializers.BooleanField(default=False, help_text="of those who are removed")


class RosterListSerializer(ListSerializer):
    csv = serializers.CharField(trim_whitespace=False)


class GroupListSerializer(ListSerializer):
    group = serializers.CharField(max_length=255)
    role = serializers.ChoiceField(Role.choices, default=Role.STUDENT)


class LeftSerializer(serializers.ModelSerializer[Cluster]):
    """A cluster of somebody who is removed."""

    owner = serializers.CharField(source="owner.username")

    class Meta:
        model = Cluster
        fields = ("id", "name", "owner", "status")


class LeftMemberSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    clusters = LeftSerializer(many=True)


class RosterLineSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    role = serializers.CharField()
    credits = serializers.DecimalField(**DECIMALS, allow_null=True)


class PlanSerializer(serializers.Serializer[Any]):
    """What a roster changes; `applied` says whether it was done."""

    applied = serializers.BooleanField()
    added = RosterLineSerializer(many=True)
    changed = RosterLineSerializer(many=True)
    unchanged = serializers.IntegerField()
    removed = serializers.ListField(child=serializers.CharField())
    clusters_of_removed = LeftSerializer(many=True)


def plan_as_json(plan: Plan, left: list[Cluster], *, applied: bool) -> dict[str, Any]:
    return {
        "applied": applied,
        "added": [_line(line) for line in plan.added],
        "changed": [_line(line) for line in plan.changed],
        "unchanged": plan.unchanged,
        "removed": list(plan.removed),
        "clusters_of_removed": LeftSerializer(left, many=True).data,
    }


def _line(line: Line) -> dict[str, str | None]:
    given = None if line.credits is None else f"{line.credits:f}"
    return {"username": line.username, "role": line.role, "credits": given}


def limit_fields(*, required: bool) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
    """One for each limit; null bounds nothing."""
    return {
        name: serializers.DecimalField(**DECIMALS, required=required, allow_null=True)
        if name == "credits"
        else serializers.IntegerField(required=required, allow_null=True)
        for name in NAMES
    }


class ProfileSerializer(serializers.ModelSerializer[Profile]):
    class Meta:
        model = Profile
        fields = ("id", "name", "text", "spec", "may_change")


class ProfileWishSerializer(StrictSerializer):
    name = serializers.CharField()
    text = serializers.CharField(default="", allow_blank=True)
    spec = serializers.DictField()
    may_change = serializers.ListField(child=serializers.CharField(), default=list)


class ProfileChangesSerializer(StrictSerializer):
    name = serializers.CharField(required=False)
    text = serializers.CharField(required=False, allow_blank=True)
    spec = serializers.DictField(required=False)
    may_change = serializers.ListField(child=serializers.CharField(), required=False)


class LimitsSerializer(StrictSerializer):
    def get_fields(self) -> dict[str, Any]:
        return limit_fields(required=True)


class ExceptionSerializer(StrictSerializer):
    """What is not named is as for the others."""

    def get_fields(self) -> dict[str, Any]:
        return limit_fields(required=False)


class CourseLimitsSerializer(StrictSerializer):
    course = LimitsSerializer()
    each_student = LimitsSerializer()


class OneExceptionSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    limits = ExceptionSerializer()


class ExcessSerializer(serializers.Serializer[Any]):
    """A figure that what there is passes; `username` null: that of the whole course."""

    username = serializers.CharField(allow_null=True)
    limit = serializers.CharField()
    detail = serializers.CharField()


class AllLimitsSerializer(CourseLimitsSerializer):
    exceptions = OneExceptionSerializer(many=True)
    over = ExcessSerializer(many=True)


class UsedSerializer(serializers.Serializer[Any]):
    """By the names of limits; `hours` bounds each cluster by itself and is not summed."""

    def get_fields(self) -> dict[str, Any]:
        kinds = {"credits": serializers.DecimalField(**DECIMALS), "memory_gb": serializers.FloatField()}
        return {name: kinds.get(name, serializers.IntegerField()) for name in NAMES if name not in OF_ONE}


class BoundedSerializer(serializers.Serializer[Any]):
    limits = LimitsSerializer()
    used = UsedSerializer()


class UsageSerializer(serializers.Serializer[Any]):
    """`course`: of the whole course; null for those who do not lead it."""

    mine = BoundedSerializer()
    course = BoundedSerializer(allow_null=True)


def bounded_as_json(limits: Limits, used: Mapping[str, Figure]) -> dict[str, Any]:
    return {"limits": limits_as_json(limits), "used": UsedSerializer(used).data}


def limits_as_json(limits: Limits) -> dict[str, Any]:
    return figures_as_json(limits.as_mapping())


def figures_as_json(values: Mapping[str, Decimal | None]) -> dict[str, Any]:
    """Whole numbers as such, credits as a decimal string."""
    return {
        name: None if value is None else f"{value:f}" if name == "credits" else int(value)
        for name, value in values.items()
    }
