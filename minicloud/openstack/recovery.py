"""Take up what a Heat that died left half-done.

At its start Heat resets interrupted stacks of its old engine only; a stack of the present one would stay IN_PROGRESS
for ever. Each is converged again as its own user, by the trust that Heat stored with it. `resource.engine_id` is left
alone: by it Heat sees that the engine died, marks the resource FAILED and does it again.
"""
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

import logging
import time
from typing import Any

LOG = logging.getLogger("minicloud.recovery")
ATTEMPTS = 10
PAUSE_SECONDS = 5.0


def resume(engine: Any) -> None:
    """Converge every interrupted top-level stack; one that cannot be (Keystone may be down, too) is tried again."""
    from heat.common import context
    from heat.objects import stack as stack_objects

    administrator = context.get_admin_context()
    rows = list(stack_objects.Stack.get_all(administrator, filters={"status": "IN_PROGRESS"}))
    for _ in range(ATTEMPTS):
        rows = [row for row in rows if not _resumed(engine, administrator, row)]
        if not rows:
            return
        time.sleep(PAUSE_SECONDS)
    LOG.error("these stacks cannot be taken up again, delete them: %s", ", ".join(row.name for row in rows))


def _resumed(engine: Any, administrator: Any, row: Any) -> bool:
    try:
        _resume(engine, administrator, row)
    except Exception:
        LOG.exception("stack %s could not be taken up again", row.name)
        return False
    return True


def _resume(engine: Any, administrator: Any, row: Any) -> None:
    from heat.engine import stack

    loaded = stack.Stack.load(administrator, stack=row)
    owner, identity = loaded.stored_context(), dict(loaded.identifier())
    LOG.warning("stack %s was interrupted in %s; taking it up again", row.name, row.action)
    if row.action == "DELETE":
        engine.delete_stack(owner, identity)
    else:
        engine.update_stack(owner, identity, template=None, params={}, files={}, args={"existing": True})
