"""The facts of a cluster's nodes (docs/architecture.md), as HOT data: what only Heat knows stands as its functions."""

from __future__ import annotations

import json
from typing import Any

from cloudinit import frameworks
from cloudinit.frameworks.manifest import NodeName
from cloudinit.user_data import FACTS_VERSION
from heat_templates.names import domain
from heat_templates.spec import SIGNAL_SECONDS, ClusterSpec, Size

# The longest that is seen of what Heat fills in.
ADDRESS, IDENTIFIER, DERIVED, ENDPOINT, TOKEN, EXPORT = 15, 36, 64, 320, 320, 320


def cluster_facts(spec: ClusterSpec) -> dict[str, Any]:
    """What is the same for all nodes; it holds no secret."""
    manifest = frameworks.manifest(spec.framework)
    return {
        "id": spec.id,
        "name": spec.name,
        "domain": domain(spec.id),
        "framework": spec.framework,
        "gateway": spec.gateway_address,
        "boot_seconds": spec.boot_timeout - SIGNAL_SECONDS,
        "storage": spec.hdfs.storage,
        "mounts": _mounts(spec),
        "gpus": spec.gpus,
        "settings": {family: spec.settings.get(family, {}) for family in manifest.protected_settings},
        "packages": {"index": spec.package_index or "", "names": spec.python_packages},
        **({"software": spec.software.model_dump()} if spec.software else {}),
    }


def _mounts(spec: ClusterSpec) -> list[dict[str, Any]]:
    mounts = [folder.model_dump(include={"path", "protocol", "export", "access"}) for folder in spec.folders]
    if spec.scratch is not None:
        export = {"get_attr": ["scratch", "export_locations"]}
        mounts.append({"path": spec.scratch.path, "export": export, "protocol": "NFS", "access": "rw"})
    return mounts


def size(spec: ClusterSpec, node: NodeName) -> Size | None:
    """What the node's container has; None where the flavor says it."""
    return spec.master_size if spec.master_size and node.role == _master(spec) else spec.size


def _master(spec: ClusterSpec) -> str:
    return frameworks.manifest(spec.framework).master.name


def node_facts(spec: ClusterSpec, node: NodeName) -> dict[str, Any]:
    """Apart from what is the node's own the same for all."""
    container = size(spec, node)
    handle = f"{node.name}-handle"
    return {
        "version": FACTS_VERSION,
        "bundle": spec.bundle_version,
        # A container sees all its host's processors: its own are a weight, which the kernel tells nobody as a number.
        "node": {"name": node.name, "role": node.role, **({"vcpus": container.vcpus} if container else {})},
        "hosts": {"get_attr": ["hosts", "value"]},
        "cluster": {"get_attr": ["cluster", "value"]},
        "secret": {"get_param": "cluster_secret"},
        "volumes": [{"get_resource": volume} for volume in volumes(spec, node)],
        "portal": {"url": spec.portal_url, "credential": {"get_param": ["node_credentials", node.name]}},
        "signal": {"endpoint": {"get_attr": [handle, "endpoint"]}, "token": {"get_attr": [handle, "token"]}},
    }


def made_anew_with(spec: ClusterSpec, node: NodeName) -> list[str]:
    """The resources to be replaced where a node is to be made anew; the rest of it, such as its port, goes on.

    Its volumes too: the old server holds them, and Nova deletes them with it.
    """
    return [node.name, f"{node.name}-handle", f"{node.name}-ready", *volumes(spec, node)]


def volumes(spec: ClusterSpec, node: NodeName) -> list[str]:
    """The names of a node's volumes. The master's is for HDFS's names."""
    if spec.hdfs.storage != "volumes":
        return []
    count = 1 if node.role == _master(spec) else spec.hdfs.volumes_each
    return [f"{node.name}-volume-{number}" for number in range(1, count + 1)]


def user_data_bytes(spec: ClusterSpec, template: str) -> int:
    """The size of the largest user-data, with room for what Heat fills in."""
    nodes = frameworks.manifest(spec.framework).nodes(spec.worker_numbers)
    cluster = cluster_facts(spec)
    for mount in cluster["mounts"]:
        if isinstance(mount["export"], dict):
            mount["export"] = "x" * EXPORT
    longest = node_facts(spec, nodes[-1])
    filled = longest | {
        "hosts": {node.name: "x" * ADDRESS for node in nodes},
        "cluster": cluster,
        "secret": "x" * DERIVED,
        "volumes": ["x" * IDENTIFIER for _ in longest["volumes"]],
        "portal": {"url": spec.portal_url, "credential": f"{spec.id}.{nodes[-1].name}.{'x' * DERIVED}"},
        "signal": {"endpoint": "x" * ENDPOINT, "token": "x" * TOKEN},
    }
    # As Heat does it: JSON in ASCII.
    return len(template.replace("$facts", json.dumps(filled)).encode())
