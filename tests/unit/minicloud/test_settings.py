"""Settings: read whole, or refused with all that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from minicloud import settings
from minicloud.errors import MinicloudError


def good() -> dict[str, Any]:
    return {
        "home": "/h",
        "run": "/r",
        "postgres": "/p",
        "postgres_user": "slipway",
        "keystone_port": 15100,
        "heat_port": 18104,
        "manila_port": 18786,
        "bundle": "/b",
        "bundle_version": "1-a",
        "service_password": "x",
        "admin_password": "y",
        "secrets": {
            "heat": "a",
            "heat_domain_admin": "b",
            "heat_encryption_key": "k" * 32,
            "manila": "c",
            "provisioner": "d",
        },
        "courses": ["demo"],
        "users": {"student": "p", "admin": "q"},
        "uid_base": 61000,
    }


def test_it_reads_what_the_launcher_writes(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(good()))
    found = settings.load(path)
    assert found.auth_url == "http://127.0.0.1:15100/v3"
    assert (found.courses, found.compute_socket) == (("demo",), Path("/r/compute.sock"))


CONTAINERS = {"engine": "unix:///e", "network": "n", "prefix": "198.18.7", "image": "i"}


def test_what_servers_call_listens_where_containers_reach_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(good() | {"containers": CONTAINERS}))
    found = settings.load(path)
    assert found.containers == settings.Containers(**CONTAINERS)
    assert found.heat_url == "http://198.18.7.1:18104/v1"
    assert found.auth_url == "http://127.0.0.1:15100/v3"


@pytest.mark.parametrize(
    ("user", "containers", "mounts"), [(0, CONTAINERS, True), (1000, CONTAINERS, False), (1000, None, True)]
)
def test_only_root_gives_containers_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, containers: dict[str, str] | None, mounts: bool
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(good() | {"containers": containers}))
    monkeypatch.setattr(settings.os, "geteuid", lambda: user)
    assert settings.load(path).mounts_shares is mounts


def test_all_apis_listen_on_the_address_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(good() | {"containers": CONTAINERS, "api_address": "172.19.0.1"}))
    found = settings.load(path)
    assert found.auth_url == "http://172.19.0.1:15100/v3"
    assert found.heat_url == "http://172.19.0.1:18104/v1"
    assert found.manila_url == "http://172.19.0.1:18786/v2"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"api_address": "bridge"}, "`api_address` must be null, or an IPv4 address"),
        ({"api_address": 7}, "`api_address` must be null, or an IPv4 address"),
        ({"containers": {"engine": "unix:///e"}}, "`containers` must be null, or have the texts engine, image"),
        ({"containers": CONTAINERS | {"image": ""}}, "`containers` must be null"),
        ({"home": "h"}, "`home` must be an absolute path"),
        ({"heat_port": 80}, "`heat_port` must be a port"),
        ({"uid_base": 0}, "`uid_base` must be a number"),
        ({"bundle_version": ""}, "`bundle_version` must be a text"),
        ({"service_password": "x" * 73}, "`service_password` must be a password of 1 to 72 bytes"),
        ({"manila_port": None}, "`manila_port` must be a port"),
        ({"secrets": {}}, "`secrets.manila` must be a password"),
        ({"users": {"manila": "x"}}, "`users` may not contain manila"),
        ({"secrets": {}}, "`secrets.heat_encryption_key` must have exactly 32"),
        ({"courses": []}, "`courses` must be a list of one or more names"),
        ({"courses": ["a", "a"]}, "names a course twice"),
        ({"users": {"slipway": "x"}}, "`users` may not contain slipway"),
        ({"users": {"student": ""}}, "`users` must map names to passwords"),
    ],
)
def test_it_names_each_wrong_field(change: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in settings.problems_of(good() | change))


def test_it_names_all_of_them_at_once(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    with pytest.raises(MinicloudError) as refused:
        settings.load(path)
    assert all(f"`{name}`" in str(refused.value) for name in ("home", "heat_port", "users", "courses"))


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_it_refuses_a_file_that_is_no_object(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(MinicloudError, match="the launcher writes it"):
        settings.load(path)
