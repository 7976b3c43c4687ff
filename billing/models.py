"""The ledger and what leads to it: rates, meters, usage, holds. Names are texts: the ledger outlives what they name."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone


def amount(**options: Any) -> models.DecimalField[Any, Any]:
    """Credits, exact to the millionth."""
    return models.DecimalField(max_digits=18, decimal_places=6, **options)


class Account(models.Model):
    """Balances are kept by the trigger on postings: sums of what was posted, and nothing else."""

    class Kind(models.TextChoices):
        ISSUED = "issued", "Issued credits"
        BUDGET = "budget", "A teacher's budget"
        COURSE = "course", "A course's credits"
        STUDENT = "student", "What a person draws on a course"
        USAGE = "usage", "What a course has used"
        CORRECTIONS = "corrections", "Corrections"

    kind = models.CharField(max_length=12, choices=Kind)
    course = models.CharField(max_length=60, blank=True)
    person = models.CharField(max_length=255, blank=True)
    balance = models.DecimalField(max_digits=24, decimal_places=6, default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "kind", "person"], name="one_account_of_a_kind"),
            models.CheckConstraint(condition=~Q(kind="budget") | Q(balance__gte=0), name="no_budget_is_overdrawn"),
        ]


class Rate(models.Model):
    """Valid until the next one of its kind and name; of two of the same time the later written is right."""

    class Kind(models.TextChoices):
        NODE = "node", "A node of this flavor, an hour"
        GPU = "gpu", "A GPU, an hour"
        STORAGE = "storage", "A GB on this share type, a month"

    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=255, blank=True, help_text="the flavor or the share type; of a GPU empty")
    price = amount()
    valid_from = models.DateTimeField(help_text="the beginning of an hour")
    correcting = models.BooleanField(default=False, help_text="it is for the past, where another was wrong")
    memo = models.CharField(max_length=500, blank=True)
    made_by = models.CharField(max_length=255, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["kind", "name", "-valid_from", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(price__gte=0), name="a_price_is_not_negative"),
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "name", "valid_from"], name="rates_of_a_thing")]


class Metered(models.Model):
    """What a meter and its usage have in common."""

    class Kind(models.TextChoices):
        NODE = "node", "Node"
        STORAGE = "storage", "Folder"
        EXTERNAL = "external", "Other services"

    resource = models.CharField(max_length=200, help_text='"CLUSTER/worker-01", "FOLDER/5"')
    subject = models.UUIDField(help_text="the cluster, the folder or the lease that it belongs to")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=255, help_text="the flavor, the share type or the service")
    quantity = models.PositiveIntegerField(default=0, help_text="GPUs of a node, GB of a folder")
    price = amount(null=True, help_text="of an hour, where no rate says it")
    course = models.CharField(max_length=60)
    person = models.CharField(max_length=255)

    class Meta:
        abstract = True


class Meter(Metered):
    """Something that is or was in service: a fact, whatever it costs."""

    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    measured_to = models.DateTimeField(null=True, help_text="up to here there is usage; the end, or a full hour")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["resource"], name="one_meter_of_a_resource")]
        indexes: ClassVar = [
            models.Index(fields=["subject"], name="meters_of_a_subject"),
            models.Index(
                fields=["id"],
                condition=Q(ended_at=None) | Q(measured_to=None) | Q(measured_to__lt=F("ended_at")),
                name="running_meters",
            ),
        ]


class Usage(Metered):
    """So many seconds of an hour of the clock (UTC), written when the hour or the service is over."""

    hour = models.DateTimeField()
    seconds = models.DecimalField(max_digits=10, decimal_places=6)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["resource", "hour"], name="one_usage_an_hour"),
            models.CheckConstraint(condition=Q(seconds__gt=0, seconds__lte=3600), name="an_hour_has_3600_seconds"),
        ]
        indexes: ClassVar = [
            BrinIndex(fields=["recorded_at"], name="usage_as_recorded"),
            BrinIndex(fields=["hour"], name="usage_by_hour"),
        ]


class Transaction(models.Model):
    class Kind(models.TextChoices):
        GRANT = "grant", "Grant"
        TRANSFER = "transfer", "Transfer"
        CHARGE = "charge", "Charge"
        CORRECTION = "correction", "Correction"
        REVERSAL = "reversal", "Reversal"

    key = models.CharField(max_length=120, unique=True, help_text="what is told twice is booked once")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(help_text="the time that it counts to: of a charge the hour that was used")
    posted_at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=255, blank=True, help_text="empty: the portal itself")
    memo = models.CharField(max_length=500, blank=True)
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversed_by")
    usage = models.ForeignKey(Usage, on_delete=models.PROTECT, null=True, related_name="transactions")

    class Meta:
        ordering: ClassVar = ["-id"]
        # The newest are asked for. They come in the order of their time, for which this is a few pages, whatever comes.
        indexes: ClassVar = [BrinIndex(fields=["posted_at"], autosummarize=True, name="transactions_in_time")]


class Posting(models.Model):
    """Those of a transaction add up to zero: a trigger sees to it, and adds them to the accounts' balances."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount = amount()


class Charged(models.Model):
    """What a cluster, a folder or a lease was charged, less what was reversed: kept by a trigger on postings, as the
    accounts' balances are."""

    subject = models.UUIDField(primary_key=True)
    amount = models.DecimalField(max_digits=24, decimal_places=6)


class Hold(models.Model):
    """What is not charged yet but will be: it counts against the course's credits until it expires."""

    resource = models.UUIDField(unique=True)
    course = models.CharField(max_length=60)
    person = models.CharField(max_length=255)
    amount = amount()
    expires_at = models.DateTimeField()
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(amount__gte=0), name="a_hold_is_not_negative")]
        indexes: ClassVar = [models.Index(fields=["course", "person"], name="holds_of_a_course")]


class Notice(models.Model):
    """What the university's own billing is to be told, or was. `key` is its Idempotency-Key: it may come twice."""

    class Verb(models.TextChoices):
        CREATE = "create"
        UPDATE = "update"
        ON_END = "on-end"

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    verb = models.CharField(max_length=10, choices=Verb)
    lease = models.UUIDField(help_text="the cluster")
    body = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True, help_text="why it was not taken the last time")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["lease", "id"], name="notices_of_a_lease"),
            models.Index(fields=["next_at"], condition=Q(delivered_at=None), name="undelivered_notices"),
        ]
