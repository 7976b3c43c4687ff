"""A cluster is what a student has; its stack is what Heat has."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

import heat_templates
from cloudinit import frameworks
from cloudinit.frameworks.manifest import Manifest, worker_numbers
from heat_templates.runtimes import NOVA, RUNTIMES, Runtime
from portal.courses.models import Course
from portal.folders.models import CLUSTER_DELETED

if TYPE_CHECKING:
    from portal.clusters.showing import Shown


class Status(models.TextChoices):
    """What is. `target` (what should be) takes two of these: ready and deleted."""

    CREATING = "creating", "Creating"
    READY = "ready", "Ready"
    UPDATING = "updating", "Updating"
    DELETING = "deleting", "Deleting"
    DELETED = CLUSTER_DELETED, "Deleted"
    FAILED = "failed", "Failed"


class Activity(models.TextChoices):
    """What a cluster was last used for; ends.ACTIVITIES has the words for people."""

    READY = "ready", "Ready"
    JOB = "job", "Job"
    APPLICATION = "application", "Application"
    EXTENDED = "extended", "Extended"


TROUBLE_LIMIT = 500  # characters


class Cluster(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="clusters")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="clusters")
    name = models.CharField(max_length=heat_templates.spec.NAME_LIMIT)
    # The whole ClusterSpec, frozen: rendering it again gives the same template.
    spec = models.JSONField()
    vcpus = models.PositiveIntegerField(help_text="of all nodes together")
    memory_mb = models.PositiveIntegerField(help_text="of all nodes together")
    # As the flavors were when it was made: what becomes of the catalogue later is nothing to it. See offers.sizes_of.
    sizes = models.JSONField(default=dict, help_text='of one node, by roles: {"worker": {"vcpus", "memory_mb"}}')
    # A node's credential is a function of its name: a name that was somebody's is given to nobody again.
    highest_number = models.PositiveIntegerField(default=0, help_text="that a worker has ever had")
    key_digest = models.CharField(max_length=16, blank=True, help_text="of the portal's key that its secrets are from")
    profile = models.CharField(max_length=60, blank=True, help_text="the name of the one that it is from, as it was")
    locked = models.JSONField(default=list, help_text="what its profile lets no student change later: profiles.LATER")

    status = models.CharField(max_length=10, choices=Status, default=Status.CREATING)
    target = models.CharField(max_length=10, choices=Status, default=Status.READY)
    # Raised by each change of the nodes; the events of a boot belong to one.
    generation = models.PositiveIntegerField(default=1)
    stack_id = models.CharField(max_length=64, null=True)
    failure = models.JSONField(null=True)  # {"what", "why", "next"}
    # Why the last growth, shrink or repair did not come about; the cluster itself goes on.
    change_failure = models.JSONField(null=True)  # {"what", "why", "next"}
    attempts = models.PositiveSmallIntegerField(default=0, help_text="of the present removal that failed")
    waiting_for = models.CharField(max_length=200, blank=True)
    busy_since = models.DateTimeField(null=True, help_text="when Heat first had no time for the present change")
    retry_at = models.DateTimeField(null=True)

    created_at = models.DateTimeField(auto_now_add=True)
    floating_ip = models.GenericIPAddressField(null=True, help_text="the master's, as Heat says")
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    active_at = models.DateTimeField(null=True, help_text="when it was last seen to be used")
    activity = models.CharField(max_length=12, choices=Activity, default=Activity.READY)
    # Warnings are given once: for this end, so many minutes before it; and for this last sign of use.
    warned_end = models.DateTimeField(null=True)
    warned_before = models.PositiveSmallIntegerField(null=True)
    idle_warned_at = models.DateTimeField(null=True)
    idle_warned_for = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True, help_text="the last word of the master on the nodes' health")
    hosts_changed_at = models.DateTimeField(null=True, help_text="when what the nodes are told last changed")

    # The reconciler's query fills these in: whether a node has said that its boot failed, whether addresses of machines
    # are still unknown for which folders are to be opened, whether storage may still let a machine in.
    node_failed: bool = False
    lacks_addresses: bool = False
    granted: bool = False
    # showing.with_parts this, and from it showing.shown the other.
    parts: list[Any]
    shown: Shown

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "course", "name"],
                condition=~Q(status=Status.DELETED),
                name="one_live_cluster_of_a_name",
            ),
        ]
        indexes: ClassVar = [
            # The reconciler asks for these every second.
            models.Index(fields=["course"], condition=~Q(status=Status.DELETED), name="live_clusters"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def framework(self) -> str:
        return str(self.spec["framework"])

    @property
    def runtime(self) -> Runtime:
        return RUNTIMES[self.spec.get("runtime", NOVA)]

    @property
    def flavor(self) -> str:
        return str(self.spec["flavor"])

    @property
    def key_pair(self) -> str | None:
        name: str | None = self.spec.get("key_pair")
        return name

    @property
    def worker_numbers(self) -> tuple[int, ...]:
        return worker_numbers(self.spec["workers"])

    @property
    def workers(self) -> int:
        return len(self.worker_numbers)

    @property
    def manifest(self) -> Manifest:
        return frameworks.manifest(self.framework)

    @property
    def stack_name(self) -> str:
        return heat_templates.stack_name(str(self.id))

    @property
    def is_live(self) -> bool:
        return self.status not in (Status.DELETED, Status.FAILED) and self.target == Status.READY

    def expired(self, now: datetime) -> bool:
        return self.target == Status.READY and now >= self.expires_at


class Node(models.Model):
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="nodes")
    name = models.CharField(max_length=40)
    role = models.CharField(max_length=40)
    address = models.GenericIPAddressField(null=True)
    generation = models.PositiveIntegerField(default=1, help_text="that of the cluster in which it was made")
    trouble = models.CharField(max_length=TROUBLE_LIMIT, blank=True, help_text="what the master says is wrong with it")
    unhealthy = models.BooleanField(default=False, help_text="the cloud shall replace it")
    leaving = models.BooleanField(default=False)
    kept_by = models.CharField(
        max_length=TROUBLE_LIMIT, null=True, help_text="why it cannot leave yet, as the master says; empty: it can"
    )
    known_hosts = models.CharField(max_length=16, blank=True, help_text="digest of the hosts that its agent goes by")
    storage = models.JSONField(null=True, help_text="bytes and blocks of its part of the storage, as the master says")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["cluster", "name"], name="one_node_of_a_name")]

    @property
    def may_go(self) -> bool:
        """Whether nothing is lost with it, as the master says; of one without an address it knows nothing to lose."""
        return self.leaving and (self.kept_by == "" or not self.address)

    def is_new(self, generation: int) -> bool:
        """Whether this generation of its cluster added it; one that is only made anew was there before."""
        return generation > 1 and self.generation == generation and not self.unhealthy


class CreditWarning(models.Model):
    """That so many per cent of the credits of a course, or of a person in it, are used was told, and when."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="credit_warnings")
    person = models.CharField(max_length=255, blank=True, help_text="the name; empty: the whole course")
    percent = models.PositiveSmallIntegerField()
    at = models.DateTimeField()

    ALL = 100  # per cent

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "person", "percent"], name="one_warning_of_a_level")
        ]

    @property
    def ends_at(self) -> datetime | None:
        """From when on what costs is ended, where all credits are used."""
        return self.at + settings.CREDIT_GRACE if self.percent == self.ALL else None

    @property
    def has_ended(self) -> bool:
        return self.ends_at is not None and self.ends_at <= timezone.now()


class EventState(models.TextChoices):
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ClusterEvent(models.Model):
    """A step that a node has ended. Append only; progress is a count over it."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="events")
    generation = models.PositiveIntegerField()
    node = models.CharField(max_length=40)
    step = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=EventState)
    seconds = models.FloatField()
    message = models.TextField(blank=True)
    log = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cluster", "generation", "node", "step", "state"], name="one_event_of_a_step"
            )
        ]
