"""Secrets of clusters and nodes.

They are derived from the portal's key and never stored: a create that is repeated after a crash gives the same ones,
and a copy of the database opens no cluster.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

import heat_templates
from portal.clusters.models import Cluster, Node


class KeyGone(Exception):
    """The portal has no longer the key that a cluster's secrets are from."""


def key_digest(key: str) -> str:
    """Tells keys apart and says nothing of them."""
    return _derive("key", "", key)[:16]


def key_of(cluster: Cluster) -> str:
    """The key that the cluster was made with: other secrets would be another cluster's. Raises KeyGone."""
    for key in _keys():
        if cluster.key_digest in ("", key_digest(key)):
            return key
    raise KeyGone(
        "The cluster's secrets come from a key that the portal has no longer: it is neither SLIPWAY_SECRET_KEY nor in "
        "SLIPWAY_SECRET_KEY_FALLBACKS."
    )


def secret_parameters(cluster: Cluster) -> dict[str, object]:
    """The values of the template's hidden parameters. Raises KeyGone."""
    key = key_of(cluster)
    values: dict[str, object] = {
        "cluster_secret": _derive("cluster-secret", str(cluster.id), key),
        "node_credentials": {node.name: node_credential(cluster, node.name, key) for node in cluster.nodes.all()},
    }
    assert set(values) == set(heat_templates.SECRET_PARAMETERS)
    return values


def node_credential(cluster: Cluster, node: str, key: str | None = None) -> str:
    subject = f"{cluster.id}.{node}"
    return f"{subject}.{_derive('node', subject, key or settings.SECRET_KEY)}"


def node_of_credential(credential: str) -> Node | None:
    """The node that this credential was made for, while its cluster lives."""
    cluster_id, _, rest = credential.partition(".")
    name, _, _ = rest.partition(".")
    try:
        node = Node.objects.select_related("cluster").filter(cluster_id=uuid.UUID(cluster_id), name=name).first()
    except ValueError:
        return None
    if node is None or not node.cluster.is_live:
        return None
    return (
        node
        if any(constant_time_compare(credential, node_credential(node.cluster, name, key)) for key in _keys())
        else None
    )


def _keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _derive(purpose: str, subject: str, key: str) -> str:
    return salted_hmac(f"slipway.{purpose}", subject, secret=key, algorithm="sha256").hexdigest()
