"""Take up what a Manila that died left half-done.

Its messages died with it, so a share that was being made or deleted would stay so for ever. Rules that wait are
finished by Manila itself when it ensures its shares at the start.
"""
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

import logging
from typing import Any

LOG = logging.getLogger("minicloud.recovery")
CREATING, DELETING, RESIZING = "creating", "deleting", ("extending", "shrinking")


def find() -> list[Any]:
    """The share instances in which something was going on when the last process ended."""
    from manila import context, db

    administrator = context.get_admin_context()
    instances = db.share_instance_get_all(administrator)
    return [each for each in instances if each["status"] in (CREATING, DELETING, *RESIZING)]


def resume(managers: dict[str, Any], instances: list[Any]) -> None:
    """Finish each, by the manager of its host; one that cannot be is logged, the others go on."""
    for instance in instances:
        LOG.warning("share %s was interrupted: %s", instance["share_id"], instance["status"])
        try:
            _resume(managers, instance)
        except Exception:
            LOG.exception("share %s cannot be taken up again; delete it", instance["share_id"])


def _resume(managers: dict[str, Any], instance: Any) -> None:
    from manila import context, db
    from manila.share import utils

    administrator = context.get_admin_context()
    manager = managers.get(utils.extract_host(instance["host"])) if instance["host"] else None
    if manager is None:
        # Nobody was chosen to make it, and what was asked for is known to nobody any more.
        db.share_instance_update(administrator, instance["id"], {"status": "error"})
    elif instance["status"] == CREATING:
        manager.create_share_instance(administrator, instance["id"])
    elif instance["status"] == DELETING:
        manager.delete_share_instance(administrator, instance["id"])
    else:
        # The database's size counts: the driver's note may be a step ahead.
        share = db.share_get(administrator, instance["share_id"])
        manager.driver.extend_share(instance, share["size"])
        db.share_instance_update(administrator, instance["id"], {"status": "available"})
