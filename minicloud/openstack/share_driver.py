"""Manila's driver for this cloud: a share is a folder of the home; compute enforces its rules at each mount."""
# mypy: disable-error-code="import-untyped,import-not-found,misc"

from __future__ import annotations

from typing import Any

from manila import exception
from manila.share import driver

from minicloud import catalogue, shares
from minicloud.cloud import current

cloud = current()


class FolderDriver(driver.ShareDriver):
    """One back end: the share type's name says which form its export paths have."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(False, *args, **kwargs)
        self.base = catalogue.SHARE_TYPES[self.configuration.share_backend_name].base
        self.shares = cloud.shares

    def do_setup(self, context: Any) -> None:
        self.shares.prepare()

    def check_for_setup_error(self) -> None:
        """Nothing beyond the folder is needed."""

    def create_share(self, context: Any, share: Any, share_server: Any = None) -> list[dict[str, Any]]:
        self.shares.create(share["id"], shares.export_path(self.base, share["id"]), share["size"])
        return self._exports(share)

    def _exports(self, share: Any) -> list[dict[str, Any]]:
        path = f"{cloud.block.storage}:{shares.export_path(self.base, share['id'])}"
        return [{"path": path, "is_admin_only": False, "metadata": {"preferred": True}}]

    def ensure_shares(self, context: Any, shares: list[Any]) -> dict[str, dict[str, Any]]:
        """At each start: a restored home may lack folders, or have another block of addresses."""
        found = {}
        for share in shares:
            lost = self.shares.get(share["id"]) is None
            exports = self.create_share(context, share)
            found[share["id"]] = {"export_locations": exports, "reapply_access_rules": lost}
        return found

    def get_backend_info(self, context: Any) -> dict[str, Any]:
        # With an answer, Manila would ensure shares and finish rules that wait only when the answer changed.
        raise NotImplementedError

    def delete_share(self, context: Any, share: Any, share_server: Any = None) -> None:
        self.shares.delete(share["id"])

    def extend_share(self, share: Any, new_size: int, share_server: Any = None) -> None:
        self.shares.resize(share["id"], new_size)

    def shrink_share(self, share: Any, new_size: int, share_server: Any = None) -> None:
        if self.shares.used(share["id"]) > new_size * shares.GIB:
            raise exception.ShareShrinkingPossibleDataLoss(share_id=share["id"])
        self.shares.resize(share["id"], new_size)

    def update_access(
        self,
        context: Any,
        share: Any,
        access_rules: list[Any],
        add_rules: list[Any],
        delete_rules: list[Any],
        update_rules: list[Any],
        share_server: Any = None,
    ) -> dict[str, Any]:
        """Keep the whole list, and have compute look at the mounts there are."""
        good = [rule for rule in access_rules if rule["access_type"] == "ip"]
        if self.shares.get(share["id"]) is not None:
            self.shares.set_rules(share["id"], [shares.Rule(rule["access_to"], rule["access_level"]) for rule in good])
        cloud.wake()
        return {rule["access_id"]: {"state": "error"} for rule in access_rules if rule not in good}

    def _update_share_stats(self, data: Any = None) -> None:
        total, free, promised = self.shares.capacity_gb()
        super()._update_share_stats(
            {
                "share_backend_name": self.configuration.share_backend_name,
                "storage_protocol": "NFS",
                "vendor_name": "minicloud",
                "total_capacity_gb": total,
                "free_capacity_gb": free,
                "provisioned_capacity_gb": promised,
                "max_over_subscription_ratio": 20.0,
                "thin_provisioning": True,
            }
        )
