"""Which access rules a folder's share should have, and how to get there from those that it has. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from portal.cloud.models import ShareType
from portal.cloud.shares import Rule


class Wanted(NamedTuple):
    """`kind` is ip or cephx, `subject` an address or a CephX user, `level` ro or rw."""

    kind: str
    subject: str
    level: str


@dataclass(frozen=True)
class Guest:
    """A cluster that lives and mounts the folder, with the addresses of its machines as far as they are known."""

    cluster: UUID
    level: str
    addresses: frozenset[str]


class Changes(NamedTuple):
    """`standing`: the subjects for whom all is as it should be already."""

    allow: tuple[Wanted, ...]
    deny: tuple[Rule, ...]
    standing: tuple[str, ...]


def wanted_rules(protocol: str, guests: Iterable[Guest]) -> frozenset[Wanted]:
    """A rule for each address by itself, as the network's would let in everybody else's machines on it. CephFS knows no
    addresses: there it is a user for each cluster."""
    if protocol == ShareType.Protocol.CEPHFS:
        return frozenset(Wanted("cephx", cephx_user(guest.cluster), guest.level) for guest in guests)
    return frozenset(Wanted("ip", address, guest.level) for guest in guests for address in guest.addresses)


def cephx_user(cluster: UUID) -> str:
    return f"slipway-{cluster.hex[:8]}"


def changes(wanted: Collection[Wanted], listed: Iterable[Rule]) -> Changes:
    """The share is the portal's own: rules that it does not want go, whoever made them. One that failed goes too, and
    comes again."""
    listed = list(listed)
    good = {_as_wanted(rule) for rule in listed if rule.state != "error" and not _is_going(rule)}
    deny = [
        rule for rule in listed if not _is_going(rule) and (rule.state == "error" or _as_wanted(rule) not in wanted)
    ]
    # Manila takes no second rule for what still has one.
    taken = {rule.subject for rule in listed}
    allow = [each for each in sorted(wanted) if each not in good and each.subject not in taken]
    return Changes(tuple(allow), tuple(deny), tuple(each.subject for each in sorted(good & set(wanted))))


def _as_wanted(rule: Rule) -> Wanted:
    return Wanted(rule.kind, rule.subject, rule.level)


def _is_going(rule: Rule) -> bool:
    return rule.state in ("queued_to_deny", "denying")
