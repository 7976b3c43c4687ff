"""What of a template administrators are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.audit.redaction import NOT_SHOWN, readable, shown_values

GOLDEN = sorted((Path(__file__).parents[1] / "heat_templates" / "golden").glob("*.yaml"))


@pytest.mark.parametrize("path", GOLDEN, ids=[path.stem for path in GOLDEN])
def test_of_our_own_templates_nothing_is_missing_as_they_hold_no_secret(path: Path) -> None:
    template = yaml.safe_load(path.read_text())
    assert yaml.safe_load(readable(template, ours=True)) == template


STRANGERS: dict[str, Any] = {
    "heat_template_version": "2021-04-16",
    "parameters": {
        "admin_password": {"type": "string", "default": "hunter2"},
        "licence": {"type": "string", "hidden": True, "default": "hunter3"},
        "key_name": {"type": "string", "default": "alice"},
        "pem": {"type": "string", "default": "-----BEGIN RSA PRIVATE KEY-----\nhunter4"},
    },
    "resources": {
        "token": {"type": "OS::Heat::Value", "properties": {"value": "plain"}},
        "server": {
            "type": "OS::Nova::Server",
            "properties": {
                "name": "web",
                "admin_pass": "hunter5",
                "metadata": {"api_key": "hunter6", "apikeys": ["hunter7", 8_675_309], "colour": "red"},
                "user_data": {"str_replace": {"template": "PASS=hunter8 $x", "params": {"$x": {"get_param": "pem"}}}},
            },
        },
        "old": {"Type": "AWS::EC2::Instance", "Properties": {"UserData": {"Fn::Base64": "hunter9"}}},
    },
    "outputs": {"password": {"value": "hunter10"}, "cert": {"value": "-----BEGIN PRIVATE KEY-----"}},
}  # fmt: skip


def test_of_a_strangers_template_no_secret_is_shown_and_all_else_is() -> None:
    text = readable(STRANGERS, ours=False)
    assert "hunter" not in text
    assert "8675309" not in text
    assert "PRIVATE KEY" not in text
    shown = yaml.safe_load(text)
    assert shown["parameters"]["key_name"] == STRANGERS["parameters"]["key_name"]
    assert shown["resources"]["token"] == STRANGERS["resources"]["token"]
    server = shown["resources"]["server"]["properties"]
    assert (server["name"], server["metadata"]["colour"], server["admin_pass"]) == ("web", "red", NOT_SHOWN)
    assert server["user_data"]["str_replace"]["params"] == {"$x": {"get_param": "pem"}}


def test_values_of_hidden_parameters_and_of_such_as_should_be_hidden_are_not_shown() -> None:
    values = {"admin_password": "hunter2", "licence": "******", "key_name": "alice", "OS::stack_id": "s1", "n": 3}
    assert shown_values(values, STRANGERS) == {
        "admin_password": NOT_SHOWN, "licence": NOT_SHOWN, "key_name": "alice", "OS::stack_id": "s1", "n": "3",
    }  # fmt: skip


def test_a_template_without_parts_is_shown_as_it_is() -> None:
    assert readable({}, ours=False) == "{}\n"
    assert readable({"parameters": None}, ours=False) == "parameters: null\n"
    assert shown_values({"a": "b"}, {}) == {"a": "b"}
