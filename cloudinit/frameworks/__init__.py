"""The frameworks that a cluster can run: one folder each, with a manifest (data) and the node's half.

Only relative imports in here: the package also travels in the node program as top-level `frameworks`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from .manifest import Manifest


class UnknownFramework(ValueError):
    """No framework has this name; the message lists those that exist."""


def names() -> tuple[str, ...]:
    """The names of all frameworks, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


@cache
def manifest(name: str) -> Manifest:
    """The manifest of the framework `name`; UnknownFramework where there is none."""
    if name not in names():
        raise UnknownFramework(f"there is no framework {name!r}; choose one of: {', '.join(names())}")
    found = importlib.import_module(f".{name}.manifest", __package__).MANIFEST
    assert isinstance(found, Manifest)
    return found
