"""What a cloud offers, as a document of the catalogue: asked of Nova, Glance and Manila where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from keystoneauth1 import exceptions

from portal.cloud.reading import is_there, read, read_all
from portal.cloud.sessions import CloudRefused, named_failures

Entry = dict[str, Any]
Document = dict[str, list[Entry]]

EXTRA_SPECS = "2.61"  # from this microversion on Nova's list of flavors has them
# Nova's two ways to say that a flavor has GPUs: "alias:count, alias:count", and a count.
PCI, VIRTUAL = "pci_passthrough:alias", "resources:VGPU"
PROPERTIES = {"framework": "slipway_framework", "bundle_version": "slipway_bundle", "architecture": "architecture"}


def offer(project_ids: Sequence[str]) -> tuple[Document, list[str]]:
    """What all the projects may use, and remarks on what was left out. Raises CloudUnavailable, CloudRefused."""
    remarks: list[str] = []
    with named_failures():  # also of rows that lack what OpenStack's have
        documents = [_offer_to(project_id, remarks.append) for project_id in project_ids]
    return {key: common([document[key] for document in documents], remarks.append) for key in documents[0]}, remarks


def _offer_to(project_id: str, remark: Callable[[str], None]) -> Document:
    return {
        "flavors": _flavors(project_id),
        "images": images(read_all(project_id, "image", "/images", "images"), remark),
        "share_types": _share_types(project_id, remark),
    }


def common(lists: Sequence[list[Entry]], remark: Callable[[str], None]) -> list[Entry]:
    """The entries that stand in every list; what only some projects see would fail in the others."""
    kept = [entry for entry in lists[0] if all(entry in others for others in lists[1:])]
    names = {entry["name"] for entries in lists for entry in entries} - {entry["name"] for entry in kept}
    for name in sorted(names):
        remark(f"{name} is left out: not every course's project can use it")
    return kept


def chosen(entries: Iterable[Entry], patterns: Sequence[str]) -> list[Entry]:
    """The entries whose names fit one of the patterns; all where there is none."""
    return [entry for entry in entries if not patterns or any(fnmatchcase(entry["name"], one) for one in patterns)]


def _flavors(project_id: str) -> list[Entry]:
    try:
        rows = read_all(project_id, "compute", "/flavors/detail", "flavors", EXTRA_SPECS)
    except CloudRefused as error:
        if not isinstance(error.__cause__, exceptions.NotAcceptable):
            raise
        rows = read_all(project_id, "compute", "/flavors/detail", "flavors")
        for row in rows:
            row |= read(project_id, "compute", f"/flavors/{row['id']}/os-extra_specs")
    return sorted((flavor(row) for row in rows if not row.get("OS-FLV-DISABLED:disabled")), key=lambda row: row["name"])


def flavor(row: dict[str, Any]) -> Entry:
    """Nova's row in the catalogue's words. Where a policy hides the extra specs, no GPU is known of."""
    return {
        "name": row["name"],
        "vcpus": row["vcpus"],
        "memory_mb": row["ram"],
        "disk_gb": row["disk"],
        "gpus": gpus(row.get("extra_specs", {})),
    }


def gpus(extra_specs: dict[str, str]) -> int:
    aliases = [part.rpartition(":")[2].strip() for part in extra_specs.get(PCI, "").split(",")]
    return sum(int(count) for count in [*aliases, extra_specs.get(VIRTUAL, "")] if count.isdigit())


def images(rows: list[dict[str, Any]], remark: Callable[[str], None]) -> list[Entry]:
    """Glance's rows that are nodes' images by their properties. Names are not unique there, but must be for Heat."""
    usable = [row for row in rows if row.get(PROPERTIES["framework"]) and row["status"] == "active"]
    found = []
    for row in sorted(usable, key=lambda row: str(row["name"])):
        if sum(other["name"] == row["name"] for other in rows) > 1:
            remark(f"image {row['name']} ({row['id']}) is left out: another one has its name; rename one of them")
        else:
            said = {ours: row.get(theirs, "") for ours, theirs in PROPERTIES.items()}
            found.append({"name": row["name"], **said, "container": row.get("container_format") == "docker"})
    return found


def _share_types(project_id: str, remark: Callable[[str], None]) -> list[Entry]:
    if not is_there(project_id, "shared-file-system"):
        remark("the cloud has no Manila: there are no folders")
        return []
    rows = read(project_id, "shared-file-system", "/types")["share_types"]
    return share_types(rows, remark)


def share_types(rows: list[dict[str, Any]], remark: Callable[[str], None]) -> list[Entry]:
    """Manila's rows in the catalogue's words: what needs share servers, and so a network of its own, is left out."""
    found = []
    for row in sorted(rows, key=lambda row: str(row["name"])):
        specs = row["extra_specs"] | row.get("required_extra_specs", {})
        if str(specs.get("driver_handles_share_servers")).lower() == "true":
            remark(f"share type {row['name']} is left out: its driver wants a share network for each share")
            continue
        protocol = "CEPHFS" if "CEPHFS" in str(specs.get("storage_protocol", "")).upper() else "NFS"
        found.append({"name": row["name"], "protocol": protocol, "title": row.get("description") or row["name"]})
    return found
