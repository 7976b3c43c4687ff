"""The share types of the catalogue, made in Manila's own database. Idempotent."""
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

from minicloud import catalogue


def make() -> None:
    """Each share type chooses the back end of its name."""
    from manila import context
    from manila.share import share_types

    administrator = context.get_admin_context()
    present = share_types.get_all_types(administrator)
    for name in catalogue.SHARE_TYPES:
        if name not in present:
            specs = {"driver_handles_share_servers": "False", "share_backend_name": name}
            share_types.create(administrator, name, specs)
