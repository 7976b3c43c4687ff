"""What the pages show, and the parts of them that change by themselves."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from billing import costs
from portal.accounts.models import User
from portal.audit import trail
from portal.clusters import profiles
from portal.clusters import services as clusters
from portal.clusters.accounting import metering
from portal.clusters.life import credit_warnings, ends, lifetime
from portal.clusters.models import Cluster, EventState, Status
from portal.clusters.showing import Shown, whole
from portal.clusters.wishes import default_path
from portal.courses.rights import Deed, may
from portal.folders import services as folders
from portal.folders.models import Status as FolderStatus
from portal.jobs import services as jobs
from portal.jobs import storage
from portal.jobs.models import UNFINISHED

LOG_SHOWN = 64_000  # bytes of a log's end; the whole one is a link away
FOLDERS_SHOWN = 200
EXTENSIONS = (1, 2, 4, 8, 24)  # hours
FOLDER_MOVING = (FolderStatus.CREATING, FolderStatus.GROWING, FolderStatus.DELETING)
MOVING = (Status.CREATING, Status.UPDATING, Status.DELETING)


def cluster_row(shown: Shown) -> dict[str, Any]:
    return {"cluster": shown.cluster, "progress": shown.progress(), "moving": shown.cluster.status in MOVING}


def cluster_context(user: User, cluster_id: UUID) -> dict[str, Any]:
    shown = whole(clusters.show(user, cluster_id))
    cluster = shown.cluster
    states = shown.node_states()
    workers = [node for node in shown.nodes if node.role != cluster.manifest.master.name]
    titles = cluster.manifest.step_titles
    parts = clusters.parts_in(user, cluster)
    fixed = profiles.fixed(cluster.locked, parts)
    return {
        **cluster_row(shown),
        "health": shown.health(timezone.now()),
        **_end(cluster),
        "credit_warnings": credit_warnings.of_person_in(cluster.course, shown.owner) if cluster.is_live else (),
        "reader": user.username,
        "cost": metering.cost(cluster, timezone.now()),
        "is_owner": cluster.owner_id == user.pk,
        "may_extend": may(Deed.EXTEND_CLUSTER, parts) and "hours" not in fixed,
        "may_resize": may(Deed.CHANGE_CLUSTER, parts) and "workers" not in fixed,
        "fixed": [profiles.why_fixed(cluster, field) for field in profiles.LATER if field in fixed],
        "may_end": may(Deed.END_CLUSTER, parts),
        "longer": EXTENSIONS,
        "may_read_trail": trail.may_read(user, cluster.course),
        "mounts": shown.mounts,
        "nodes": [(node, states[node.name]) for node in shown.nodes],
        "machines": _machines(shown),
        "staying": [node.name for node in workers if not node.leaving],
        "lost": any(node.trouble for node in workers),
        "steps": [(event, titles.get(event.step, event.step)) for event in shown.present_steps()],
        **(_failure(cluster) if cluster.status == Status.FAILED else {}),
        "jobs": jobs.visible_jobs(user).filter(cluster=cluster)[:50],
        "suffixes": ",".join(cluster.manifest.job_suffixes),
        "api_url": settings.PUBLIC_URL,
    }


def _end(cluster: Cluster) -> dict[str, Any]:
    """How near its end is, and what was last seen of its use."""
    now = timezone.now()
    idle = lifetime.idling(cluster)
    left = cluster.expires_at - now
    # Whoever made it for less than a day knows that it ends today.
    near = cluster.is_live and ends.is_near(cluster.created_at, cluster.expires_at, now)
    return {
        "ends_in": duration(max(0, round(left.total_seconds()) // 60 * 60)) if near else "",
        "idle": idle,
        "idle_soon": bool(idle and idle.ends_at and idle.ends_at - now <= ends.NOTICE),
    }


def _machines(shown: Shown) -> list[tuple[str, int]]:
    """How many there are of each flavor, the master's first."""
    cluster = shown.cluster
    flavors = {cluster.manifest.master.name: cluster.spec.get("master_flavor") or cluster.flavor}
    return list(Counter(flavors.get(node.role, cluster.flavor) for node in shown.nodes).items())


def _failure(cluster: Cluster) -> dict[str, Any]:
    """The cause in one line, and all that the machine that failed has said of it."""
    cause, _, rest = str((cluster.failure or {}).get("why", "")).partition("\n")
    log = cluster.events.filter(state=EventState.FAILED).values_list("log", flat=True).first()
    return {"cause": cause, "failed_log": log or rest.strip()}


def cluster_fragment(user: User, cluster_id: UUID) -> str:
    return render_to_string("web/_cluster.html", {**cluster_context(user, cluster_id), "pushed": True})


def folders_context(user: User) -> dict[str, Any]:
    present = folders.visible_to(user).exclude(status=FolderStatus.DELETED).order_by("course__name", "name")
    rows = folders.seen(user, present[:FOLDERS_SHOWN])
    return {"rows": rows, "moving": any(row.folder.status in FOLDER_MOVING for row in rows)}


def folders_fragment(user: User, _: UUID) -> str:
    return render_to_string("web/_folders.html", folders_context(user))


def folder_context(user: User, folder_id: UUID) -> dict[str, Any]:
    row = folders.find(user, folder_id)
    return {
        "row": row,
        "folder": row.folder,
        "moving": row.folder.status in FOLDER_MOVING,
        "path": default_path(row.folder),
        "charged": costs.charged(row.folder.pk),
        "may_grow": Deed.GROW_FOLDER in row.deeds,
        "may_delete": Deed.DELETE_FOLDER in row.deeds,
    }


def folder_fragment(user: User, folder_id: UUID) -> str:
    return render_to_string("web/_folder.html", folder_context(user, folder_id))


def duration(seconds: int) -> str:
    """As people say it: 26 s, 3 min 5 s, 2 h 4 min."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if number]
    return " ".join(parts[:2]) or "0 s"


def job_context(user: User, job_id: UUID) -> dict[str, Any]:
    job = jobs.find(user, job_id)
    return {
        "job": job,
        "moving": job.status in UNFINISHED,
        "is_owner": job.cluster.owner_id == user.pk,
        "log": storage.read_log(job.pk, LOG_SHOWN),
        "log_is_cut": job.log_received > LOG_SHOWN,
        "ran_for": duration(round((job.ended_at - job.started_at).total_seconds()))
        if job.started_at and job.ended_at
        else "",
        "outputs": list(job.outputs.all()[:500]),
    }


def job_fragment(user: User, job_id: UUID) -> str:
    return render_to_string("web/_job.html", job_context(user, job_id))
