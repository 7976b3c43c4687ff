"""doctor: looks at the portal's cloud, for so many clusters in each course's project; a verdict a line."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

import heat_templates
from cloudinit import frameworks
from heat_templates.lint.types import KNOWN
from heat_templates.runtimes import RUNTIMES
from portal.cloud import catalogue, doctor, quotas
from portal.cloud.findings import Facts, Probe, Promise, Wanted
from portal.cloud.inspection import inspect
from portal.cloud.probe import probe
from portal.cloud.sessions import CloudUnavailable
from portal.courses.limits import promised
from portal.courses.models import Course

SMALLEST_NODE = 1024  # MB; with less a node's Java programs and a job do not fit


class Command(BaseCommand):
    help = "Looks at a cloud before anyone relies on it: a verdict a line, and what to do."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--clusters", type=int, default=10, metavar="N", help="clusters in each course at once (10)"
        )
        parser.add_argument("--workers", type=int, default=2, metavar="W", help="workers of each cluster (2)")
        parser.add_argument("--flavor", metavar="NAME", help="of all nodes; else the smallest that is large enough")
        parser.add_argument(
            "--probe", metavar="IMAGE", help="a small server of this image calls the portal, and is deleted"
        )
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        facts = replace(inspect(_courses()), limits=_limits())
        if not facts.services.get("compute"):
            # Such a cloud cannot say what it has: the portal's catalogue came from a document.
            facts = replace(facts, catalogue=_catalogue(), remarks=())
        flavor = _flavor(facts, options["flavor"])
        wanted = _wanted(flavor, options["clusters"], options["workers"])
        if options["probe"] and (usable := [project.id for project in facts.projects if not project.trouble]):
            facts = replace(facts, probe=_probe(usable[0], flavor["name"], options["probe"]))
        checks = doctor.judge(facts, wanted, KNOWN)
        said = json.dumps(doctor.as_json(checks), indent=2) if options["json"] else "\n".join(doctor.lines(checks))
        self.stdout.write(said)
        if not doctor.is_good(checks):
            raise CommandError("This cloud is not ready: see what failed.")


def _probe(project_id: str, flavor: str, image: str) -> Probe:
    try:
        return probe(project_id, settings.NETWORK, flavor, image, settings.NODE_URL)
    except CloudUnavailable as error:
        return Probe(0, f"the cloud went away in the middle: {error}")


def _courses() -> dict[str, str]:
    """The roster's; none where the portal has no database yet, as the cloud may be looked at before."""
    try:
        return dict(Course.objects.exclude(project_id="").values_list("project_id", "title"))
    except OperationalError:
        return {}


def _limits() -> dict[str, dict[str, Promise]]:
    try:
        return {course.project_id: promised(course) for course in Course.objects.exclude(project_id="")}
    except OperationalError:
        return {}


def _catalogue() -> catalogue.Document:
    try:
        return catalogue.document()
    except OperationalError:
        return {}


def _wanted(flavor: Mapping[str, Any], clusters: int, workers: int) -> Wanted:
    framework = frameworks.names()[0]
    size = {"vcpus": flavor["vcpus"], "memory_mb": flavor["memory_mb"]}
    spec = heat_templates.ClusterSpec.from_mapping(
        {
            "id": str(uuid.UUID(int=0)),
            "name": "doctor",
            "framework": framework,
            "workers": workers,
            "flavor": flavor["name"],
            "image": "any",
            "network": settings.NETWORK,
            "bundle_version": settings.BUNDLE_VERSION,
            "portal_url": settings.NODE_URL,
            "gateway_address": settings.GATEWAY_ADDRESS,
            "owner": "doctor",
            "course": "doctor",
            "runtime": settings.RUNTIME,
            **({"size": size} if RUNTIMES[settings.RUNTIME].of_containers else {}),
        }
    )
    template = yaml.safe_load(heat_templates.render(spec).template)
    return Wanted(
        clusters=clusters,
        shape=f"1+{workers} {flavor['name']}",
        needs=quotas.needs(template, flavor["vcpus"], flavor["memory_mb"]),
        resource_types=frozenset(resource["type"] for resource in template["resources"].values()),
        framework=framework,
        bundles=tuple(catalogue.bundles()),
        memory_mb=SMALLEST_NODE,
        network=settings.NETWORK,
        node_url=settings.NODE_URL,
        boot_seconds=spec.boot_timeout,
        runtime=settings.RUNTIME,
    )


def _flavor(facts: Facts, name: str | None) -> Mapping[str, Any]:
    """The one that is named, else the smallest that is large enough, else one that is no cloud's."""
    known = sorted(facts.catalogue.get("flavors", []), key=lambda flavor: (flavor["memory_mb"], flavor["vcpus"]))
    fitting = [each for each in known if each["name"] == name or (not name and each["memory_mb"] >= SMALLEST_NODE)]
    if name and known and not fitting:
        raise CommandError(f"There is no flavor {name}: there is {', '.join(each['name'] for each in known)}.")
    return fitting[0] if fitting else {"name": "small", "vcpus": 1, "memory_mb": SMALLEST_NODE}
