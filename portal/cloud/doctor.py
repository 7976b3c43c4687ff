"""Verdicts on a cloud before anyone relies on it, for `./slipway doctor --cloud NAME`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from heat_templates.runtimes import NOVA, NOVA_DOCKER, RUNTIMES, ZUN
from portal.cloud.findings import Facts, Project, Promise, Wanted
from portal.cloud.quotas import UNLIMITED, fitting, tightest

OK, WARNING, FAILED = "ok", "warning", "failed"
NEEDED_ROLES = ("member", "heat_stack_owner")
MIGHTY_ROLES = ("admin", "manager")
WELL_IF_MEANT = "well if that is meant; else look at region and interface, and at `openstack catalog list`"
UNKNOWN = "unknown"  # the portal's bundle, where it was never up
CLOCK_FINE, CLOCK_BAD = 5, 60  # seconds that two clocks may differ
# Kinds of services, what people call them, and what is lost without one; nothing works where that is empty. Whether
# Heat can make servers at all is seen by its resource types.
SERVICES = (
    ("orchestration", "Heat", ""),
    ("compute", "Nova", "flavors and quotas cannot be looked at"),
    ("network", "Neutron", "networks and quotas cannot be looked at"),
    ("image", "Glance", "images cannot be looked at"),
    ("shared-file-system", "Manila", "there are no folders"),
    ("block-storage", "Cinder", "no cluster can have volumes"),
)
ZUNS = (("container", "Zun", ""),)  # besides, where machines are its containers
# What a runtime has nothing of, and the cloud need not have.
FOREIGN = {NOVA: "OS::Zun::", NOVA_DOCKER: "OS::Zun::", ZUN: "OS::Nova::"}


class Check(NamedTuple):
    """One line: `next_step` says what to do where the verdict is not ok."""

    name: str
    verdict: str
    text: str
    next_step: str = ""


def judge(facts: Facts, wanted: Wanted, known_types: Sequence[str]) -> list[Check]:
    """A verdict on each fact, the most basic first."""
    if facts.log_in:
        return [Check("Keystone", FAILED, f"{facts.auth_url}: {facts.log_in}", facts.log_in_step)]
    return [
        *_keystone(facts, wanted),
        *_services(facts, wanted),
        *_types(facts, wanted, known_types),
        *_projects(facts, wanted),
        *_limits(facts),
        *_offer(facts, wanted),
        *_reach(facts, wanted),
    ]


def _keystone(facts: Facts, wanted: Wanted) -> Iterator[Check]:
    yield Check("Keystone", OK, f"{facts.auth_url}, as {facts.username}")
    if facts.auth_url.startswith("http:") and not _local(facts.auth_url):
        yield Check(
            "TLS",
            WARNING,
            "Keystone is spoken to in the clear: passwords too",
            "use its https address where it has one",
        )
    elif not facts.checked:
        advice = "give the authority's certificate (cacert, OS_CACERT) in place of insecure or verify: false"
        yield Check("TLS", WARNING, "certificates are not checked", advice)
    skew = abs(facts.clock_skew)
    text = f"this machine's is {skew:.0f} s off Keystone's" if skew >= 1 else "this machine's agrees with Keystone's"
    verdict = OK if skew <= CLOCK_FINE else WARNING if skew <= CLOCK_BAD else FAILED
    yield Check(
        "clock", verdict, text, "" if verdict == OK else "let both follow a time server (systemd-timesyncd, chrony)"
    )
    long_enough = facts.token_seconds > wanted.boot_seconds
    text = f"lives {facts.token_seconds / 60:.0f} min; a boot may take {wanted.boot_seconds / 60:.0f} min"
    advice = "raise [token] expiration in keystone.conf: a node's word to Heat carries a token as old as the boot"
    yield Check("token", OK if long_enough else FAILED, text, "" if long_enough else advice)


def _services(facts: Facts, wanted: Wanted) -> Iterator[Check]:
    for kind, name, lost in SERVICES + (ZUNS if wanted.runtime == ZUN else ()):
        address = facts.services.get(kind, "")
        if kind in facts.troubles:
            advice = "is it well, and does this machine reach the address that the catalogue has for this interface?"
            yield Check(name, FAILED, facts.troubles[kind], advice)
        elif address:
            yield Check(name, OK, address)
        elif lost:
            yield Check(name, WARNING, f"the catalogue has no {kind}: {lost}", WELL_IF_MEANT)
        else:
            advice = "look at region and interface of this connection, and at `openstack catalog list`"
            yield Check(name, FAILED, f"the catalogue has no {kind} here", advice)


def _types(facts: Facts, wanted: Wanted, known: Sequence[str]) -> Iterator[Check]:
    """Heat's list leaves out types whose service is not there, and those that a tenant may not use."""
    lacking = sorted(wanted.resource_types - facts.resource_types)
    foreign = FOREIGN[wanted.runtime]
    absent = [kind for kind in known if kind not in facts.resource_types and kind not in lacking]
    extra = [kind for kind in absent if not kind.startswith(foreign)]
    if lacking:
        advice = "Heat hides types of services that are not there, and those that its policy keeps from these roles"
        yield Check("resource types", FAILED, f"every cluster needs {', '.join(lacking)}", advice)
    else:
        yield Check("resource types", OK, f"all {len(wanted.resource_types)} that a plain cluster needs")
    if extra:
        yield Check(
            "resource types",
            WARNING,
            f"what needs these cannot be asked for: {', '.join(extra)}",
            WELL_IF_MEANT,
        )


def _limits(facts: Facts) -> Iterator[Check]:
    """The portal's limits rule; where the cloud's quota is smaller, a cluster that was promised fails."""
    for project in facts.projects:
        promised = facts.limits.get(project.id, {})
        rooms = {name: project.rooms[name].limit for name in promised if name in project.rooms}
        small = [
            f"{_promise(promised[name], name)}, and the project's quota is {limit}"
            for name, limit in rooms.items()
            if UNLIMITED != limit < promised[name].amount
        ]
        title = facts.courses.get(project.id, project.name)
        if small:
            advice = "lower the course's limits, or let an administrator of the cloud raise the quotas"
            yield Check("limits", WARNING, f"{title} may have {'; '.join(small)}", advice)
        elif rooms:
            yield Check("limits", OK, f"{title}: its project has room for all that it may have")


def _promise(promise: Promise, name: str) -> str:
    together = f" ({promise.students} students together, by the limits of each)" if promise.students else ""
    return f"{promise.amount} {name}{together}"


def _projects(facts: Facts, wanted: Wanted) -> Iterator[Check]:
    if not facts.projects:
        advice = f"give {facts.username} the roles {' and '.join(NEEDED_ROLES)} in each course's project"
        yield Check("projects", FAILED, f"{facts.username} has a role in none", advice)
    for project_id in facts.courses.keys() - {project.id for project in facts.projects}:
        advice = "give it the roles there, or correct the roster"
        text = f"the course {facts.courses[project_id]} has project {project_id}, where {facts.username} has no role"
        yield Check("projects", FAILED, text, advice)
    for project in facts.projects:
        if project.trouble:
            yield Check(f"project {project.name}", FAILED, project.trouble, "see the reason")
            continue
        yield _roles(facts, project)
        yield _quotas(project, wanted)


def _roles(facts: Facts, project: Project) -> Check:
    name = f"project {project.name}"
    lacking = [role for role in NEEDED_ROLES if role not in project.roles]
    mighty = [role for role in MIGHTY_ROLES if role in project.roles]
    if lacking:
        add = "; ".join(
            f"openstack role add --user {facts.username} --project {project.name} {role}" for role in lacking
        )
        return Check(name, FAILED, f"{facts.username} has not the role {' and '.join(lacking)}", add)
    if mighty:
        advice = f"openstack role remove --user {facts.username} --project {project.name} {mighty[0]}"
        return Check(
            name, WARNING, f"{facts.username} is {mighty[0]}: more than the portal needs or should have", advice
        )
    return Check(name, OK, f"roles {', '.join(sorted(project.roles))}")


def _quotas(project: Project, wanted: Wanted) -> Check:
    name = f"quota {project.name}"
    count = fitting(project.rooms, wanted.needs)
    unknown = [what for what in wanted.needs if what not in project.rooms]
    silence = f", as far as is known: nothing is said of {', '.join(unknown)}" if unknown else ""
    if count is None or count >= wanted.clusters:
        return Check(name, OK, f"room for {wanted.clusters} clusters of {wanted.shape}{silence}")
    short = tightest(project.rooms, wanted.needs, wanted.clusters)
    words = "; ".join(f"{what}: {room.limit} less {room.used} used, {need} needed" for what, room, need in short)
    verdict = WARNING if count else FAILED
    text = f"room for {count} of {wanted.clusters} clusters of {wanted.shape}: {words}"
    return Check(
        name, verdict, text, "let an administrator of the cloud raise these quotas, or lower the course's limits"
    )


def _offer(facts: Facts, wanted: Wanted) -> Iterator[Check]:
    yield from (Check("catalogue", WARNING, remark, "see the reason") for remark in facts.remarks)
    yield _images(facts, wanted)
    flavors = facts.catalogue.get("flavors", [])
    large = [flavor["name"] for flavor in flavors if flavor["memory_mb"] >= wanted.memory_mb]
    if large:
        yield Check("flavors", OK, f"{len(large)} of {len(flavors)} have {wanted.memory_mb} MB or more: {_some(large)}")
    else:
        advice = "let an administrator of the cloud make one, or give the projects access to it"
        yield Check("flavors", FAILED, f"none of {len(flavors)} has {wanted.memory_mb} MB of memory", advice)
    types = [each["name"] for each in facts.catalogue.get("share_types", [])]
    if types:
        yield Check("share types", OK, _some(types))
    elif facts.services.get("shared-file-system"):
        advice = "a share type with driver_handles_share_servers=False: docs/admin-guide.md, Shares"
        yield Check("share types", WARNING, "none that folders can lie on", advice)


NEXT_IMAGE = {
    False: "`./slipway image` makes it and prints the line that puts it into Glance",
    True: "put the image of `docker/node` into Glance as docs/runtimes.md says",
}


def _images(facts: Facts, wanted: Wanted) -> Check:
    containers = RUNTIMES[wanted.runtime].of_containers
    of_framework = [image for image in facts.catalogue.get("images", []) if image["framework"] == wanted.framework]
    found = [image for image in of_framework if image.get("container", False) == containers]
    if of_framework and not found:
        names = _some([image["name"] for image in of_framework])
        kind = "docker" if containers else "another than docker"
        text = f"the runtime {wanted.runtime} needs one of the container_format {kind}, and {names} is not"
        return Check("images", FAILED, text, NEXT_IMAGE[containers])
    fitting_ones = [image["name"] for image in found if image["bundle_version"] in wanted.bundles]
    advice = NEXT_IMAGE[containers]
    if found and wanted.bundles[0] == UNKNOWN:
        names = _some([f"{image['name']} (bundle {image['bundle_version'] or 'none'})" for image in found])
        return Check(
            "images", WARNING, f"{names}: the portal's bundle is not known yet", "look again after `./slipway up`"
        )
    if fitting_ones:
        return Check("images", OK, f"{_some(fitting_ones)} for {wanted.framework}, bundle {wanted.bundles[0]}")
    if found:
        others = ", ".join(f"{image['name']} has bundle {image['bundle_version']}" for image in found)
        return Check("images", FAILED, f"{others}, and the portal {wanted.bundles[0]}", advice)
    return Check("images", FAILED, f"none has the property slipway_framework={wanted.framework}", advice)


def _reach(facts: Facts, wanted: Wanted) -> Iterator[Check]:
    subnets = facts.networks.get(wanted.network)
    if not facts.services.get("network"):
        pass
    elif subnets is None:
        advice = f"set SLIPWAY_NETWORK to one that all projects see: {_some(list(facts.networks)) or 'there is none'}"
        yield Check("network", FAILED, f"there is no network {wanted.network}", advice)
    elif not subnets:
        yield Check("network", FAILED, f"{wanted.network} has no subnet: its ports get no address", "give it one")
    else:
        yield Check("network", OK, f"{wanted.network}")
    yield _node_url(facts, wanted)


def _node_url(facts: Facts, wanted: Wanted) -> Check:
    probe = facts.probe
    if probe and probe.trouble:
        advice = "open the way from the cluster's network to that address (docs/admin-guide.md, Ports), then try again"
        return Check("nodes", FAILED, f"{probe.trouble} ({probe.seconds:.0f} s)", advice)
    if probe:
        return Check("nodes", OK, f"a server reached {wanted.node_url} and Heat after {probe.seconds:.0f} s")
    if _local(wanted.node_url) and not _local(facts.auth_url):
        advice = "set SLIPWAY_NODE_URL to an address of the portal that the cluster's network reaches"
        return Check(
            "nodes", FAILED, f"servers cannot reach {wanted.node_url}: it is each machine's own address", advice
        )
    return Check(
        "nodes", WARNING, f"not tried whether servers reach {wanted.node_url}", "--probe makes one that tries it"
    )


def _local(url: str) -> bool:
    return "//127." in url or "//localhost" in url


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def as_json(checks: Sequence[Check]) -> dict[str, Any]:
    return {"good": is_good(checks), "checks": [check._asdict() for check in checks]}


def is_good(checks: Sequence[Check]) -> bool:
    return all(check.verdict != FAILED for check in checks)


def lines(checks: Sequence[Check]) -> Iterator[str]:
    for check in checks:
        yield f"  {check.verdict:8} {check.name:16} {check.text}"
        if check.next_step and check.verdict != OK:
            yield f"  {'':8} {'':16} -> {check.next_step}"
