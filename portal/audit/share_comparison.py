"""What Manila says of a share, what the portal believes of its folder and what the ledger charges. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.audit.comparison import GRACE, LONGEST_UNCHARGED, Finding, clock, first_of
from portal.cloud.shares import Share
from portal.folders.models import Status

USABLE = (Status.AVAILABLE, Status.GROWING)
GOING = "deleting"
# What Manila may say of the share of a folder that the portal calls so.
FITTING = {
    Status.AVAILABLE: {"available"},
    Status.GROWING: {"available", "extending", "extending_error"},
}


@dataclass(frozen=True)
class FolderBelief:
    """What the portal believes of a folder."""

    id: UUID
    name: str
    maker: str
    status: str
    share_name: str
    share_id: str | None
    size_gb: int
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class StorageCharge:
    """What the ledger counts of a folder: GB whose meter runs (None: none does), and until when all is charged."""

    size_gb: int | None
    began_at: datetime
    charged_to: datetime | None


@dataclass(frozen=True)
class ShareRow:
    """One share, one folder, or both. `findings` maps what is wrong to its words."""

    share: Share | None
    folder: FolderBelief | None
    charge: StorageCharge | None
    findings: Mapping[Finding, str]

    @property
    def rank(self) -> tuple[int, str]:
        return first_of(self.findings), self.folder.name if self.folder else self.share.name if self.share else ""


def compare(
    shares: Iterable[Share], beliefs: Iterable[FolderBelief], charges: Mapping[UUID, StorageCharge], now: datetime
) -> list[ShareRow]:
    """A row for each share, each folder that is there, and each that was and of which something is wrong; what is wrong
    first. All are of one project."""
    unclaimed = list(shares)
    rows = []
    for belief in beliefs:
        share = _share_of(belief, unclaimed)
        if share:
            unclaimed.remove(share)
        charge = charges.get(belief.id)
        rows.append(ShareRow(share, belief, charge, dict(_findings(belief, share, charge, now))))
    rows = [row for row in rows if row.share or row.findings or (row.folder and row.folder.status != Status.DELETED)]
    rows += [ShareRow(share, None, None, _of_stray(share)) for share in unclaimed]
    return sorted(rows, key=lambda row: row.rank)


def _share_of(belief: FolderBelief, shares: Sequence[Share]) -> Share | None:
    """By its id; else by its name, as the share of an id that is not there may have been made anew by hand."""
    named = [share for share in shares if belief.share_id == share.id]
    return next(iter([*named, *(share for share in shares if share.name == belief.share_name)]), None)


def _of_stray(share: Share) -> dict[Finding, str]:
    if not share.ours:
        return {Finding.STRANGER: "Somebody else made it in the course's project. The portal never touches it."}
    if share.status == GOING:
        return {}
    return {Finding.ORPHANED: "The portal made it, and knows no folder of it."}


def _findings(
    belief: FolderBelief, share: Share | None, charge: StorageCharge | None, now: datetime
) -> Iterator[tuple[Finding, str]]:
    if share is None and belief.status in USABLE:
        yield Finding.MISSING, f"The portal believes that the folder is {belief.status}, and Manila has no share of it."
    elif share and belief.status == Status.DELETED and share.status != GOING:
        yield Finding.ORPHANED, "The folder is deleted, and its share is still there."
    elif share and (differences := [*_differences(belief, share), *_misweighed(belief, charge)]):
        yield Finding.DIFFERING, " ".join(differences)
    if words := _charged_but_gone(belief, share, charge, now):
        yield Finding.CHARGED_BUT_GONE, words
    elif share and (words := _not_charged(belief, charge, now)):
        yield Finding.NOT_CHARGED, words


def _differences(belief: FolderBelief, share: Share) -> Iterator[str]:
    if belief.share_id and belief.share_id != share.id:
        yield "Manila has another share of its name than the one that the portal knows."
    if belief.status in FITTING and share.status not in FITTING[Status(belief.status)]:
        yield f"Manila says {share.status}, and the portal {belief.status}."
    if belief.status == Status.AVAILABLE and share.size_gb != belief.size_gb:
        yield f"Manila has {share.size_gb} GB, and the portal {belief.size_gb}."


def _misweighed(belief: FolderBelief, charge: StorageCharge | None) -> Iterator[str]:
    """While it grows, the ledger may be a moment ahead."""
    if belief.status == Status.AVAILABLE and charge and charge.size_gb not in (None, belief.size_gb):
        yield f"The ledger counts {charge.size_gb} GB, and the portal {belief.size_gb}."


def _charged_but_gone(
    belief: FolderBelief, share: Share | None, charge: StorageCharge | None, now: datetime
) -> str | None:
    if charge is None:
        return None
    ended = belief.ended_at
    if charge.size_gb is not None and ended and now - ended > GRACE:
        return f"It ended at {clock(ended)}, and {charge.size_gb} GB of it are charged on."
    if charge.size_gb is not None and share is None and belief.status in USABLE:
        return f"Manila has no share of it, and {charge.size_gb} GB of it are charged on."
    if ended and charge.charged_to and charge.charged_to > ended + GRACE:
        return f"It ended at {clock(ended)}, and is charged to {clock(charge.charged_to)}."
    return None


def _not_charged(belief: FolderBelief, charge: StorageCharge | None, now: datetime) -> str | None:
    if belief.status not in USABLE or now - belief.created_at < GRACE:
        return None
    if charge is None or charge.size_gb is None:
        return "It can be used, and nothing of it is charged."
    charged = charge.charged_to or charge.began_at
    if now - charged > LONGEST_UNCHARGED:
        return f"It is charged to {clock(charged)} only."
    return None
