"""Reading and filling the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models, transaction

from portal.cloud.models import Flavor, Image, ShareType
from portal.trail.services import differing, record

FETCHED = "fetched"  # what an image without a bundle says in place of the version
Document = Mapping[str, list[dict[str, Any]]]
MODELS: dict[str, type[models.Model]] = {"flavors": Flavor, "images": Image, "share_types": ShareType}


def bundles() -> list[str]:
    """What an image may say of its bundle: the portal's own, and where nodes can fetch that, none."""
    return [settings.BUNDLE_VERSION, *([FETCHED] if settings.SOFTWARE else [])]


def document() -> Document:
    """The catalogue as it is, in the form that import_catalogue takes."""
    fields = {
        key: [field.name for field in model._meta.concrete_fields if not field.primary_key]
        for key, model in MODELS.items()
    }
    return {key: list(model._default_manager.values(*fields[key])) for key, model in MODELS.items()}


@transaction.atomic
def import_catalogue(said: Document) -> None:
    """Makes the catalogue what the document says; what it does not name goes.

    `{"flavors": [{"name", "vcpus", "memory_mb", "disk_gb", "gpus"}],
    "images": [{"name", "framework", "bundle_version", "architecture", "container"}],
    "share_types": [{"name", "protocol", "title"}]}`; a cloud without Manila has no share types.
    """
    before, wanted = _by_name(document()), {"share_types": [], **said}
    for key, model in MODELS.items():
        entries = {entry["name"]: entry for entry in wanted[key]}
        model._default_manager.exclude(name__in=entries).delete()
        for name, entry in entries.items():
            model._default_manager.update_or_create(name=name, defaults=entry)
    after = _by_name(document())
    for key, name in {**before, **after}:
        _record(MODELS[key]._meta.verbose_name, name, before.get((key, name)), after.get((key, name)))


def _record(kind: object, name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    """By a command: the portal itself."""
    was, became = differing(before or {}, after or {})
    if was or became:
        deed = "change" if before and after else "add" if after else "remove"
        record(None, f"catalogue.{deed}", name, name=f"{kind} {name}", before=was, after=became)


def _by_name(document: Document) -> dict[tuple[str, str], dict[str, Any]]:
    return {(key, entry["name"]): entry for key, entries in document.items() for entry in entries}


def differences(before: Document, after: Document) -> list[str]:
    """A line for all that came (+), went (-) and changed (~), in the catalogue's order. Pure."""
    lines = []
    for key, model in MODELS.items():
        old, new = ({entry["name"]: entry for entry in each.get(key, [])} for each in (before, after))
        kind = model._meta.verbose_name
        lines += [f"+ {kind} {name}: {_words(new[name])}" for name in new if name not in old]
        lines += [f"- {kind} {name}: {_words(old[name])}" for name in old if name not in new]
        lines += [
            f"~ {kind} {name}: {_changes(old[name], new[name])}"
            for name in new
            if name in old and old[name] != new[name]
        ]
    return lines


def _words(entry: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in entry.items() if name != "name" and value not in (0, ""))


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    changed = [name for name in new if old.get(name) != new[name]]
    return ", ".join(f"{name} {old.get(name)} -> {new[name]}" for name in changed)
