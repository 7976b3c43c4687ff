"""What people and the master's agent do to jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from portal import live
from portal.accounts.models import User
from portal.clusters.models import Activity, Cluster, Status
from portal.clusters.services import permitted, require_ready, seen, visible_to
from portal.courses.rights import Deed
from portal.jobs import rules, storage
from portal.jobs.models import UNFINISHED, Job, JobOutput, JobStatus
from portal.refusals import Conflict, Invalid, LimitReached, NotFound, TooLarge
from portal.trail import services as trail

QUEUE_LIMIT = 50  # jobs of one cluster that have not ended: each keeps its files here
LEASE = timedelta(seconds=60)
# The agent renews its lease all the time; one that is silent for so long has gone with its machine.
SILENCE = timedelta(minutes=10)


class LogGap(Conflict):
    """The agent sends a later part of a log than the one that is missing; `size` is where to go on."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The log has {size} bytes here.", f"Send it on from byte {size}.")
        self.size = size


def visible_jobs(user: User) -> QuerySet[Job]:
    return Job.objects.filter(cluster__in=visible_to(user).order_by()).select_related("cluster__course", "owner")


def find(user: User, job_id: UUID) -> Job:
    job = visible_jobs(user).filter(pk=job_id).first()
    if job is None:
        raise NotFound("job")
    return job


def submit(
    owner: User,
    cluster: Cluster,
    application: UploadedFile[Any] | None,
    arguments: object,
    files: Sequence[UploadedFile[Any]],
) -> Job:
    """A new job in the cluster's queue. Raises Conflict where the cluster is not ready, Invalid, TooLarge."""
    require_ready(cluster)
    if cluster.jobs.filter(status__in=UNFINISHED).count() >= QUEUE_LIMIT:
        raise LimitReached(f"{QUEUE_LIMIT} jobs of this cluster wait already.", "Send this one when some have ended.")
    if application is None:
        raise Invalid.of({"application": "is missing: send the program as a file"})
    program, names = application.name or "", [file.name or "" for file in files]
    if wrong := rules.wrong_fields(cluster.manifest, program, arguments, names):
        raise Invalid.of(wrong)
    job = Job(cluster=cluster, owner=owner, application=program, arguments=arguments, files=names)
    try:
        # The bytes first: a row without its bytes would be a job that cannot run.
        storage.write(storage.application(job.id), application.chunks())
        for number, file in enumerate(files):
            storage.write(storage.input_file(job.id, number), file.chunks())
        with transaction.atomic():
            job.save(force_insert=True)
            after = {"cluster": str(cluster.pk), "application": program}
            trail.record(owner, "job.submit", job.pk, name=program, course=cluster.course.name, after=after)
            live.notify(live.commands_topic(cluster.pk))
            live.notify(live.cluster_topic(cluster.pk))
    except BaseException:
        storage.remove(job.id)
        raise
    return job


def cancel(user: User, job_id: UUID) -> Job:
    """The job's end by its owner's wish; said again, nothing is to be done. Raises Conflict where it ended otherwise.

    The agent learns of it as it renews its lease (20 s at most), stops the program, and what it tells then is late.
    """
    job = find(user, job_id)
    cluster = permitted(user, job.cluster_id, Deed.USE_CLUSTER)
    reason = f"{user.username} cancelled it."
    with transaction.atomic():
        if _end_now(Job.objects.filter(pk=job.pk, status__in=UNFINISHED), job, JobStatus.CANCELLED, reason):
            before = {"status": job.status}
            trail.record(user, "job.cancel", job.pk, name=job.application, course=cluster.course.name, before=before)
    job = find(user, job_id)
    if job.status != JobStatus.CANCELLED:
        raise Conflict("The job has ended already.", "Look at its log and its output.")
    return job


def lease_next(cluster: Cluster) -> Job | None:
    """The job that the agent should run now, leased to it. One runs at a time, in the order of their coming.

    A job whose lease ran out is given again: the agent knows which jobs it had started.
    """
    now = timezone.now()
    with transaction.atomic():
        unfinished = Job.objects.filter(cluster=cluster, status__in=UNFINISHED).order_by("created_at", "id")
        job = unfinished.select_for_update().first()
        if job is None or (job.lease_until and job.lease_until > now):
            return None
        job.status, job.lease_until = JobStatus.RUNNING, now + LEASE
        job.started_at = job.started_at or now
        job.save(update_fields=["status", "lease_until", "started_at"])
        seen(cluster, Activity.JOB, now)
        _tell(job)
    return job


def renew(job: Job) -> bool:
    """False where the job is no longer wanted: its agent should stop it."""
    now = timezone.now()
    running = Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING, cluster__target=Status.READY)
    if not running.update(lease_until=now + LEASE):
        return False
    seen(job.cluster, Activity.JOB, now)
    return True


def append_log(job: Job, offset: int, data: bytes) -> int:
    """Takes the bytes from `offset` on, less what is here already; gives the size received so far. Raises LogGap."""
    with transaction.atomic():
        job = Job.objects.select_for_update().get(pk=job.pk)
        if offset > job.log_received:
            raise LogGap(job.log_received)
        new = data[job.log_received - offset :]
        if new and not job.is_finished:
            job.log_received += len(new)
            storage.append_log(job.pk, new, job.log_received)
            job.save(update_fields=["log_received"])
            live.notify(live.job_topic(job.pk))
    return job.log_received


def store_output(job: Job, path: str, chunks: Iterable[bytes]) -> None:
    """Keeps one file of the job's output; sent again, it replaces what was there. Raises Conflict, TooLarge."""
    with transaction.atomic():
        # Locked: however many are sent at once, together they stay below the limits.
        job = Job.objects.select_for_update().get(pk=job.pk)
        if job.is_finished:
            raise Conflict("The job has ended: its output is complete.", "Nothing is to be done.")
        others = job.outputs.exclude(path=path).aggregate(bytes=Sum("size"), count=Count("pk"))
        room = settings.OUTPUT_LIMIT - (others["bytes"] or 0)
        if others["count"] >= rules.MOST_OUTPUTS:
            raise _too_much_output()
        size = storage.write(storage.output_file(job.pk, path), _within(room, chunks))
        JobOutput.objects.update_or_create(job=job, path=path, defaults={"size": size, "uploaded": True})


def _within(room: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        room -= len(chunk)
        if room < 0:
            raise _too_much_output()
        yield chunk


def _too_much_output() -> TooLarge:
    return TooLarge("The output of this job is as large as may be.", "List the rest in the result.")


def finish(job: Job, exit_code: int | None, reason: str, listing: Iterable[tuple[str, int]]) -> None:
    """The job's end, once: `listing` names all of its output with sizes, also what was too large to be sent."""
    succeeded = exit_code == 0 and not reason
    with transaction.atomic():
        ended = Job.objects.filter(pk=job.pk, status__in=UNFINISHED).update(
            status=JobStatus.SUCCEEDED if succeeded else JobStatus.FAILED,
            exit_code=exit_code,
            reason=reason[:4000],
            ended_at=timezone.now(),
            lease_until=None,
        )
        if ended:
            seen(job.cluster, Activity.JOB, timezone.now())
            rows = [JobOutput(job=job, path=path, size=size, uploaded=False) for path, size in listing]
            JobOutput.objects.bulk_create(rows, ignore_conflicts=True)
            _tell(job)
            live.notify(live.commands_topic(job.cluster_id))
            transaction.on_commit(partial(storage.remove_input, job.pk))


def end_orphans() -> None:
    """Ends the jobs that nobody can end any more: those of clusters that are gone, and of agents that are silent."""
    gone = Q(cluster__target=Status.DELETED) | Q(cluster__status__in=[Status.DELETED, Status.FAILED])
    silent = Q(status=JobStatus.RUNNING, lease_until__lt=timezone.now() - SILENCE)
    _end(gone, JobStatus.CANCELLED, "The cluster ended before the job did.")
    _end(silent, JobStatus.FAILED, "The cluster's master was not heard of any more while the job ran.")


def _end(which: Q, status: JobStatus, reason: str) -> None:
    for job in Job.objects.filter(which, status__in=UNFINISHED).select_related("cluster")[:500]:
        with transaction.atomic():
            _end_now(Job.objects.filter(pk=job.pk, status=job.status, lease_until=job.lease_until), job, status, reason)


def _end_now(same: QuerySet[Job], job: Job, status: JobStatus, reason: str) -> bool:
    """`same` is the job, if it still is as it has to be for this."""
    ended = same.update(status=status, reason=reason, ended_at=timezone.now(), lease_until=None)
    if ended:
        _tell(job)
        live.notify(live.commands_topic(job.cluster_id))
        transaction.on_commit(partial(storage.remove_input, job.pk))
    return bool(ended)


def _tell(job: Job) -> None:
    live.notify(live.job_topic(job.pk))
    live.notify(live.cluster_topic(job.cluster_id))
