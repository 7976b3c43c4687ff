"""Rates, budgets, credits, statements."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.models import Account, Rate
from portal.api.serializers.strict import StrictSerializer
from portal.clusters.models import CreditWarning
from portal.credits.giving import SOURCES
from portal.credits.leases import Wish
from portal.credits.models import Lease
from portal.credits.statement import Statement

CREDITS: dict[str, Any] = {"max_digits": 18, "decimal_places": 6}
MEMO: dict[str, Any] = {"max_length": 500, "default": "", "allow_blank": True}


class RateSerializer(serializers.ModelSerializer[Rate]):
    class Meta:
        model = Rate
        fields = ("id", "kind", "name", "price", "valid_from", "correcting", "memo", "made_by", "made_at")


class RateWishSerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=Rate.Kind.choices)
    name = serializers.CharField(max_length=255, default="", allow_blank=True)
    price = serializers.DecimalField(**CREDITS)
    valid_from = serializers.DateTimeField()
    correcting = serializers.BooleanField(default=False)
    memo = serializers.CharField(**MEMO)


class BudgetSerializer(serializers.ModelSerializer[Account]):
    credits = serializers.DecimalField(source="balance", max_digits=24, decimal_places=6)

    class Meta:
        model = Account
        fields = ("person", "credits")


class BudgetWishSerializer(StrictSerializer):
    person = serializers.CharField(max_length=255)
    amount = serializers.DecimalField(**CREDITS)
    memo = serializers.CharField(**MEMO)


class StandingSerializer(serializers.Serializer[Any]):
    granted = serializers.DecimalField(max_digits=24, decimal_places=6)
    spent = serializers.DecimalField(max_digits=24, decimal_places=6)
    held = serializers.DecimalField(max_digits=24, decimal_places=6)
    remaining = serializers.DecimalField(max_digits=24, decimal_places=6)


class DrawnSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(source="person")
    spent = serializers.DecimalField(max_digits=24, decimal_places=6)
    held = serializers.DecimalField(max_digits=24, decimal_places=6)


class CreditWarningSerializer(serializers.ModelSerializer[CreditWarning]):
    """That at least so many per cent of the credits are used. `username` is null where it is the whole course's.
    `ends_at` is from when on clusters that cost end; null where some credits are left."""

    username = serializers.SerializerMethodField()
    ends_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = CreditWarning
        fields = ("username", "percent", "at", "ends_at")

    def get_username(self, warning: CreditWarning) -> str | None:
        return warning.person or None


class CreditsSerializer(serializers.Serializer[Any]):
    standing = StandingSerializer()
    people = DrawnSerializer(many=True)
    warnings = CreditWarningSerializer(many=True)


class GrantSerializer(StrictSerializer):
    """`out_of`: new credits (administrators), or a budget of one's own (teachers)."""

    amount = serializers.DecimalField(**CREDITS)
    memo = serializers.CharField(**MEMO)
    out_of = serializers.ChoiceField(choices=list(SOURCES), default="")


class CorrectionSerializer(StrictSerializer):
    """Gives a person of the course back so much of what they were charged; a negative amount takes more."""

    person = serializers.CharField(max_length=255)
    amount = serializers.DecimalField(**CREDITS)
    memo = serializers.CharField(max_length=500)


class StatementQuerySerializer(StrictSerializer):
    course = serializers.UUIDField()
    month = serializers.CharField(default="", allow_blank=True, max_length=7)
    person = serializers.CharField(default="", allow_blank=True, max_length=255)
    format = serializers.ChoiceField(choices=["json", "csv", "pdf"], default="json")


class SpentSerializer(serializers.Serializer[Any]):
    person = serializers.CharField()
    nodes = serializers.DecimalField(max_digits=24, decimal_places=6)
    folders = serializers.DecimalField(max_digits=24, decimal_places=6)
    others = serializers.DecimalField(max_digits=24, decimal_places=6)
    set_right = serializers.DecimalField(max_digits=24, decimal_places=6)
    credits = serializers.DecimalField(source="total", max_digits=24, decimal_places=6)


class LineSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(source="line.kind")
    what = serializers.CharField()
    of = serializers.CharField(source="where")
    subject = serializers.UUIDField(source="line.subject", allow_null=True)
    first_at = serializers.DateTimeField(source="line.first_at")
    last_at = serializers.DateTimeField(source="line.last_at")
    hours = serializers.DecimalField(source="line.hours", max_digits=24, decimal_places=6)
    credits = serializers.DecimalField(source="line.amount", max_digits=24, decimal_places=6)


class StatementSerializer(serializers.Serializer[Statement]):
    course = serializers.UUIDField(source="course.pk")
    person = serializers.CharField()
    month = serializers.CharField()
    time_zone = serializers.CharField(source="zone")
    granted = serializers.DecimalField(max_digits=24, decimal_places=6)
    spent = serializers.DecimalField(source="total.total", max_digits=24, decimal_places=6)
    people = SpentSerializer(many=True)
    lines = LineSerializer(source="rows", many=True)


class ReprocessSerializer(StrictSerializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    memo = serializers.CharField(max_length=500, default="", allow_blank=True)
    preview = serializers.BooleanField(default=False)


class ReprocessedSerializer(serializers.Serializer[Any]):
    """How many charges were, or in a preview would be, reversed and charged anew."""

    charges = serializers.IntegerField()
    done = serializers.BooleanField()


class LeaseWishSerializer(StrictSerializer):
    """One of `hourly` and `fixed` is given. `course` is the course's name."""

    lease = serializers.UUIDField()
    course = serializers.CharField(max_length=60)
    person = serializers.CharField(max_length=255)
    name = serializers.CharField(max_length=120)
    ends_at = serializers.DateTimeField()
    hourly = serializers.DecimalField(**CREDITS, min_value=0, default=None, allow_null=True)
    fixed = serializers.DecimalField(**CREDITS, min_value=0, default=None, allow_null=True)

    def wish(self) -> Wish:
        said = dict(self.validated_data)
        return Wish(id=said.pop("lease"), **said)


class LeaseChangeSerializer(StrictSerializer):
    lease = serializers.UUIDField()
    ends_at = serializers.DateTimeField()


class LeaseEndSerializer(StrictSerializer):
    lease = serializers.UUIDField()
    at = serializers.DateTimeField(default=None, allow_null=True)


class LeaseAnswerSerializer(serializers.Serializer[Any]):
    """What is asked for fits: so much would be held."""

    amount = serializers.DecimalField(max_digits=24, decimal_places=6)
    remaining = serializers.DecimalField(max_digits=24, decimal_places=6)


class LeaseSerializer(serializers.ModelSerializer[Lease]):
    lease = serializers.UUIDField(source="id")
    course = serializers.CharField(source="course.name")
    person = serializers.CharField(source="person.username")

    class Meta:
        model = Lease
        fields = ("lease", "course", "person", "name", "hourly", "fixed", "starts_at", "ends_at", "ended_at")
