"""Facts that come in the environment: where a container has no user-data, cloud-init has nothing to write down."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from .facts import PATH
from .files import write_file

FACTS = "SLIPWAY_FACTS"


def take_facts(environment: MutableMapping[str, str]) -> None:
    """Write them down where cloud-init would have, and forget them: no job may read the node's credential in its
    environment."""
    facts = environment.pop(FACTS, None)
    if facts is not None:
        root = Path(environment.get("SLIPWAY_NODE_ROOT") or "/")
        write_file(root / PATH.lstrip("/"), facts + "\n", 0o600)
