"""When each pass comes: the one table of what the portal does by itself."""

from __future__ import annotations

# task: seconds between two of them
PASSES = {
    "portal.courses.tasks.make_projects": 5.0,
    "portal.clusters.tasks.pulse": 1.0,
    "portal.classes.tasks.carry_on": 2.0,
    "portal.jobs.tasks.sweep": 5.0,
    "portal.clusters.tasks.look_at_ends": 10.0,
    "portal.credits.tasks.recompute_holds": 120.0,
    "portal.clusters.tasks.meter": 30.0,
    "portal.credits.tasks.settle_leases": 30.0,
    "portal.clusters.tasks.tell_billing": 5.0,
    "portal.letters.tasks.deliver": 10.0,
    "portal.accounts.tasks.forget_expired": 3600.0,
    "portal.letters.tasks.forget": 3600.0,
    "portal.clusters.tasks.forget_notices": 3600.0,
    "portal.api.tasks.forget_answers": 3600.0,
}
# A pass that waited longer than this is stale: another has come after it.
STALE_SECONDS = 5
SCHEDULE = {
    task: {"task": task, "schedule": seconds, "options": {"expires": STALE_SECONDS}} for task, seconds in PASSES.items()
}
