"""Times as people type them at a shell: by the clock of this machine, unless they say another."""

from __future__ import annotations

from datetime import datetime

import click


def moment_typed(text: str) -> str:
    """2026-11-23 10:00, or with an offset of its own, 2026-11-23T09:00Z: for the portal as ISO 8601."""
    try:
        typed = datetime.fromisoformat(text)
        return (typed if typed.tzinfo else typed.astimezone()).isoformat()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(f"{text!r} is no time; say 2026-11-23 10:00, or 2026-11-23T09:00Z.") from None
