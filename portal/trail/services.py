"""Writing the trail. Every service that changes something for somebody calls `record` in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from portal.trail.models import Entry, Way

_way: ContextVar[Way] = ContextVar("way", default=Way.SYSTEM)


class Actor(Protocol):
    """A user: the rooms above know more of them."""

    @property
    def username(self) -> str: ...


@contextmanager
def acting_by(way: Way) -> Iterator[None]:
    """What is recorded meanwhile, in this thread or task, was done by this way."""
    before = _way.set(way)
    try:
        yield
    finally:
        _way.reset(before)


def record(
    actor: Actor | None,
    action: str,
    subject: object,
    *,
    name: str = "",
    course: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """`actor` None: the portal itself. `subject` is the id of the thing; `before` and `after` hold what changed, and no
    secrets."""
    Entry.objects.create(
        actor=actor.username if actor else "",
        way=_way.get() if actor else Way.SYSTEM,
        action=action,
        subject=str(subject),
        name=name,
        course=course,
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
    )


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of both only what is not the same in the other. Pure."""
    return (
        {name: value for name, value in before.items() if name not in after or after[name] != value},
        {name: value for name, value in after.items() if name not in before or before[name] != value},
    )
