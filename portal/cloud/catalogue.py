"""Reading and filling the catalogue."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from portal.cloud.models import Flavor, Image, ShareType


def image_for(framework: str, bundle_version: str) -> Image | None:
    return Image.objects.filter(framework=framework, bundle_version=bundle_version).order_by("name").first()


@transaction.atomic
def import_catalogue(document: dict[str, list[dict[str, Any]]]) -> None:
    """Makes the catalogue what the document says: `{"flavors": [{"name", "vcpus", "memory_mb", "disk_gb"}],
    "images": [{"name", "framework", "bundle_version", "architecture"}],
    "share_types": [{"name", "protocol", "title"}]}`. What it does not name goes.

    A cloud without Manila has no share types."""
    document = {"share_types": [], **document}
    for model, key in ((Flavor, "flavors"), (Image, "images"), (ShareType, "share_types")):
        entries = {entry["name"]: entry for entry in document[key]}
        model._default_manager.exclude(name__in=entries).delete()
        for name, entry in entries.items():
            model._default_manager.update_or_create(name=name, defaults=entry)
