"""What user data means, and what is refused."""

from __future__ import annotations

import pytest

from minicloud.errors import MinicloudError
from minicloud.user_data import MAX_BYTES, parse


def test_it_reads_files_and_commands() -> None:
    plan = parse(
        "#cloud-config\n"
        "write_files:\n"
        "- {path: /etc/a, content: 'x: {y}', permissions: '0600', owner: 'root:root'}\n"
        "- {path: /etc/b, permissions: 0640}\n"
        "runcmd:\n"
        "- [/opt/slipway/bin/node, boot, 3]\n"
        "- echo hello > there\n"
    )
    assert plan["write_files"] == [
        {"path": "/etc/a", "content": "x: {y}", "permissions": 0o600},
        {"path": "/etc/b", "content": "", "permissions": 0o640},
    ]
    assert plan["runcmd"] == [["/opt/slipway/bin/node", "boot", "3"], "echo hello > there"]


@pytest.mark.parametrize("text", ["", "  \n", "#cloud-config\n", "#cloud-config\nruncmd:\n"])
def test_it_takes_nothing_for_a_server_that_does_nothing(text: str) -> None:
    assert parse(text) == {"write_files": [], "runcmd": []}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#!/bin/sh\ntrue\n", "must begin with the line #cloud-config"),
        ("#cloud-config\npackages: [x]\n", "has packages; only write_files and runcmd"),
        ("#cloud-config\n- a\n", "must be a map"),
        ("#cloud-config\na: [\n", "not YAML"),
        ("#cloud-config\nruncmd: true\n", "runcmd must be a list"),
        ("#cloud-config\nruncmd: [{a: b}]\n", "runcmd, entry 1: must be a list of words"),
        ("#cloud-config\nruncmd: [[a], []]\n", "runcmd, entry 2: must be a list of words"),
        ("#cloud-config\nruncmd: [[a, yes]]\n", "runcmd, entry 1: True is no word; put it in quotes"),
        ("#cloud-config\nruncmd: [['']]\n", "begins with an empty word"),
        ("#cloud-config\nwrite_files: [x]\n", "entry 1: must be a map"),
        ("#cloud-config\nwrite_files: [{path: a}]\n", "must be the absolute path of a file, not 'a'"),
        ("#cloud-config\nwrite_files: [{path: /etc/}]\n", "must be the absolute path of a file"),
        ("#cloud-config\nwrite_files: [{path: /a/../../b}]\n", "may not contain `..`"),
        ("#cloud-config\nwrite_files: [{path: /a, content: 3}]\n", "content must be a text, not int"),
        ("#cloud-config\nwrite_files: [{path: /a, permissions: rw}]\n", "permissions must be octal such as '0600'"),
        ("#cloud-config\nwrite_files: [{path: /a, permissions: '0999'}]\n", "permissions must be octal"),
        ("#cloud-config\nwrite_files: [{path: /a, encoding: b64}]\n", "has encoding; only path, content"),
        ("#cloud-config\nwrite_files: [{path: /a, owner: 3}]\n", "owner must be a text"),
        ("#cloud-config\n#" + "x" * MAX_BYTES, f"at most {MAX_BYTES} are possible"),
    ],
)
def test_it_refuses_anything_else_in_words(text: str, words: str) -> None:
    with pytest.raises(MinicloudError) as refused:
        parse(text)
    assert words in str(refused.value)
