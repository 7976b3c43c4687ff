"""The names that a cluster has in the cloud, each made from its id so that it can be found again."""

from __future__ import annotations

import re
import uuid

from heat_templates import limits


def stack_name(cluster_id: str) -> str:
    """The stack's name: a crash between "created" and "saved" loses nothing, as the name finds the stack again."""
    return f"slipway-{uuid.UUID(cluster_id)}"


def domain(cluster_id: str) -> str:
    """The domain of a cluster's host names, e.g. `c1a2b3c4d.slipway.internal`."""
    return f"c{uuid.UUID(cluster_id).hex[:8]}.slipway.internal"


def server_name(cluster_name: str, cluster_id: str, node: str) -> str:
    """A server's name in Nova: lower-case letters, digits and hyphens, as Nova makes host names of them."""
    ending = f"-{uuid.UUID(cluster_id).hex[:8]}-{node}"
    readable = re.sub(r"[^a-z0-9]+", "-", cluster_name.lower()).strip("-") or "cluster"
    return readable[: limits.SERVER_NAME - len(ending)].strip("-") + ending


def tags(cluster_id: str, owner: str, course: str) -> list[str]:
    """What Neutron's resources carry: each tag is cut to what Neutron takes."""
    wanted = ("slipway", f"slipway-cluster={cluster_id}", f"slipway-course={course}", f"slipway-owner={owner}")
    return [tag[: limits.NEUTRON_TAG].rstrip() for tag in wanted]
