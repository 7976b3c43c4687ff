"""What the guards find of servers and storage that an update would replace, or a delete would leave."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.heat_templates.linting import found, one, server


@pytest.mark.parametrize("policy", [None, "REPLACE", {"get_param": "policy"}])
def test_a_server_that_an_update_would_replace_is_found(policy: Any) -> None:
    parameters = {"policy": {"type": "string", "default": "IGNORE"}}
    made = server(user_data_update_policy=policy)
    assert "user_data_update_policy" in one({"master": made}, parameters=parameters).what
    del made["properties"]["user_data_update_policy"]
    assert one({"master": made}).what == "user_data_update_policy: IGNORE is missing"
    assert len(found({"master": {"type": "OS::Nova::Server"}})) == 1


def test_volumes_end_with_their_server() -> None:
    kept = {"volume_id": "v", "boot_index": -1}
    for device in (kept, {**kept, "delete_on_termination": False}, {"image": "i", "volume_size": 9}):
        assert found({"s": server(block_device_mapping_v2=[device])}) == [
            "resources.s.properties.block_device_mapping_v2[0]: delete_on_termination: true is missing"
        ]
    for device in ({**kept, "delete_on_termination": True}, {"swap_size": 512}, {"ephemeral_size": 9}):
        assert found({"s": server(block_device_mapping_v2=[device])}) == []


def test_a_share_keeps_its_size() -> None:
    share = {"s": {"type": "OS::Manila::Share", "properties": {"share_protocol": "NFS", "size": {"get_param": "gb"}}}}
    changing = one(share, parameters={"gb": {"type": "number"}})
    assert changing.where == "parameters.gb"
    assert "deletes the one with the data" in changing.why
    assert found(share, parameters={"gb": {"type": "number", "immutable": True}}) == []
    share["s"]["properties"]["size"] = 5
    assert found(share) == []
