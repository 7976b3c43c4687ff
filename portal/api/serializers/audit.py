"""The audit trail, and the stacks of all courses beside what the portal believes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from billing.models import Notice
from portal.api.serializers.strict import StrictSerializer
from portal.audit.comparison import Belief, Charge, Finding, Row
from portal.audit.share_comparison import ShareRow
from portal.audit.stacks import Inside
from portal.cloud.stacks import Stack
from portal.courses.models import Course
from portal.letters.models import Letter
from portal.trail.models import Entry


class EntrySerializer(serializers.ModelSerializer[Entry]):
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)

    class Meta:
        model = Entry
        fields = ("id", "at", "actor", "way", "action", "subject", "name", "course", "before", "after")


class LetterSerializer(serializers.ModelSerializer[Letter]):
    to = serializers.CharField(source="to.username")

    class Meta:
        model = Letter
        fields = ("id", "to", "subject", "state", "made_at", "attempts", "next_at", "trouble")


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    body = serializers.DictField()

    class Meta:
        model = Notice
        fields = ("id", "verb", "lease", "body", "made_at", "attempts", "next_at", "trouble")


class StacksQuerySerializer(StrictSerializer):
    course = serializers.UUIDField(default=None)
    finding = serializers.ChoiceField([*Finding], default=None)
    cursor = serializers.CharField(default="")


class StackQuerySerializer(StrictSerializer):
    course = serializers.UUIDField(default=None)


class StackRowSerializer(serializers.Serializer[Any]):
    """One stack, one cluster, or both, and what is charged for it; `findings` says in words what does not fit."""

    course = serializers.CharField()
    course_name = serializers.CharField()
    findings = serializers.DictField(child=serializers.CharField())
    stack = serializers.DictField(allow_null=True)
    cluster = serializers.DictField(allow_null=True)
    charge = serializers.DictField(allow_null=True)


class ShareRowSerializer(serializers.Serializer[Any]):
    """One share, one folder, or both, and what is charged for it; `findings` says in words what does not fit."""

    course = serializers.CharField()
    course_name = serializers.CharField()
    findings = serializers.DictField(child=serializers.CharField())
    share = serializers.DictField(allow_null=True)
    folder = serializers.DictField(allow_null=True)
    charge = serializers.DictField(allow_null=True)


class SilentCourseSerializer(serializers.Serializer[Any]):
    course = serializers.CharField()
    course_name = serializers.CharField()
    why = serializers.CharField()


class StackRowsSerializer(serializers.Serializer[Any]):
    results = StackRowSerializer(many=True)
    unanswered = SilentCourseSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ShareRowsSerializer(serializers.Serializer[Any]):
    results = ShareRowSerializer(many=True)
    unanswered = SilentCourseSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class InsideSerializer(StackRowSerializer):
    """With what is in the stack; the template's text has no secrets."""

    in_state_since = serializers.DateTimeField(allow_null=True)
    servers = serializers.IntegerField()
    blocker = serializers.DictField(allow_null=True)
    parameters = serializers.DictField(child=serializers.CharField())
    template = serializers.CharField()
    resources = serializers.ListField(child=serializers.DictField())
    events = serializers.ListField(child=serializers.DictField())


def row_shape(course: Course, row: Row) -> dict[str, Any]:
    """One stack, one cluster, or both: what there is not is null."""
    return {
        "course": str(course.pk),
        "course_name": course.name,
        "findings": dict(row.findings),
        "stack": _stack(row.stack) if row.stack else None,
        "cluster": _cluster(row.cluster) if row.cluster else None,
        "charge": _charge(row.charge) if row.charge else None,
    }


def share_shape(course: Course, row: ShareRow) -> dict[str, Any]:
    """One share, one folder, or both: what there is not is null."""
    names = ("name", "maker", "status", "size_gb", "created_at", "ended_at")
    return {
        "course": str(course.pk),
        "course_name": course.name,
        "findings": dict(row.findings),
        "share": {**asdict(row.share), "ours": row.share.ours} if row.share else None,
        "folder": {"id": str(row.folder.id), **{name: getattr(row.folder, name) for name in names}}
        if row.folder
        else None,
        "charge": {"size_gb": row.charge.size_gb, "charged_to": row.charge.charged_to} if row.charge else None,
    }


def inside_shape(inside: Inside) -> dict[str, Any]:
    return {
        **row_shape(inside.course, inside.row),
        "in_state_since": inside.in_state_since,
        "servers": inside.servers,
        "blocker": asdict(inside.blocker) if inside.blocker else None,
        "parameters": inside.parameters,
        "template": inside.template,
        "resources": [asdict(resource) for resource in inside.resources],
        "events": [asdict(event) for event in inside.events],
    }


def _stack(stack: Stack) -> dict[str, Any]:
    age = timezone.now() - stack.since if stack.since else None
    return {
        "id": stack.id,
        "name": stack.name,
        "ours": stack.ours,
        "status": f"{stack.action}_{stack.status}",
        "reason": stack.reason,
        "generation": stack.generation if stack.ours else None,
        "nodes": stack.nodes,
        "since": stack.since,
        "age_seconds": round(age.total_seconds()) if age else None,
    }


def _cluster(belief: Belief) -> Mapping[str, Any]:
    names = ("name", "owner", "status", "generation", "nodes", "created_at", "ready_at", "ended_at")
    return {"id": str(belief.id), **{name: getattr(belief, name) for name in names}}


def _charge(charge: Charge) -> Mapping[str, Any]:
    return {"nodes": charge.running, "charged_to": charge.charged_to}
