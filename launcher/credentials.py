"""Secrets and logins: random, made once, readable by their owner only."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from launcher.files import read_json, write_json
from launcher.problem import Problem

# What each course of the embedded default has: username -> role.
COURSES = {
    "demo": (
        "Demo course",
        {"student": "student", "student2": "student", "teacher": "teacher"},
    ),
    "other": ("Other course", {"outsider": "student"}),
}
CLUSTERS_EACH = 4
FIRST_CREDITS = "10000"  # of each course
LOGINS = ("student", "student2", "outsider", "teacher", "admin")
# name -> length in characters; Heat takes an encryption key of exactly 32.
SECRETS = {
    "django": 64,
    "service": 32,
    "keystone_admin": 32,
    "heat": 32,
    "heat_domain_admin": 32,
    "heat_encryption_key": 32,
    "manila": 32,
    "provisioner": 32,
}


def completed(have: dict[str, Any], wanted: dict[str, int]) -> dict[str, Any]:
    """`have` and a random value of its length for each name that it lacks; what is there stays."""
    return {
        **{name: secrets.token_hex(length // 2) for name, length in wanted.items()},
        **have,
    }


def keep(path: Path, wanted: dict[str, int]) -> dict[str, str]:
    """The values of `path`, which is made, or given the names that it lacks; 0600. Problem if it is damaged."""
    try:
        have = read_json(path)
    except FileNotFoundError:
        have = {}
    if not isinstance(have, dict) or not all(isinstance(value, str) and value for value in have.values()):
        raise Problem(
            f"{path} is damaged",
            "it must be an object of names and non-empty strings",
            "repair it, or `./slipway reset --yes` for a new start",
        )
    values = completed(have, wanted)
    if values != have:
        write_json(path, values, 0o600)
    path.chmod(0o600)
    return values


def logins(path: Path) -> dict[str, str]:
    return keep(path, dict.fromkeys(LOGINS, 20))


def server_secrets(path: Path) -> dict[str, str]:
    return keep(path, SECRETS)
