"""A site whose machines are of another runtime."""

from __future__ import annotations

from typing import Any

from portal.cloud.models import Image
from portal.clusters.models import Cluster

SIZE = {"vcpus": 1, "memory_mb": 1536}


def become(settings: Any, runtime: str, *clusters: Cluster) -> None:
    """Its image is a container's, another one is a machine's; these clusters were made so."""
    settings.RUNTIME = runtime
    Image.objects.create(name="machine", framework="spark", bundle_version="1-abcdef012345", architecture="x86_64")
    Image.objects.filter(name="node").update(container=True)
    for cluster in clusters:
        cluster.spec = {**cluster.spec, "runtime": runtime, "size": SIZE}
        cluster.save()
