"""The user-data that each server gets."""

from __future__ import annotations

import json

import yaml

from cloudinit.user_data import BOOT_COMMAND, FACTS_PATH, user_data_template


def test_it_holds_one_line_of_facts_as_data_and_boots() -> None:
    facts = json.dumps({"name": 'it\'s: "quoted" # {{ $x }} \u2603', "secret": "- [x]"})
    document = yaml.safe_load(user_data_template().replace("$facts", facts))
    (file,) = document["write_files"]
    assert json.loads(file["content"]) == json.loads(facts)
    assert (file["path"], file["permissions"], file["owner"]) == (FACTS_PATH, "0600", "root:root")
    assert document["runcmd"] == [list(BOOT_COMMAND)]


def test_it_has_one_placeholder() -> None:
    assert user_data_template().startswith("#cloud-config\n")
    assert user_data_template().count("$") == 1
    assert "\n      $facts\n" in user_data_template()
