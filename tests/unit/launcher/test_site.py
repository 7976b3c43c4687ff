"""Which cloud a home belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher import site
from launcher.files import write_json
from launcher.paths import Paths
from launcher.problem import Problem

WORDS = {"SLIPWAY_CLOUD": "campus", "SLIPWAY_NETWORK": "provider", "SLIPWAY_BIND": "10.99.0.1"}


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "home" / "minicloud").mkdir(parents=True)
    return Paths(tmp_path, tmp_path / "home", tmp_path / "cache", tmp_path / "run")


@pytest.fixture
def words(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "clouds.yaml"
    file.write_text("clouds: {}\n")
    return {**WORDS, "OS_CLIENT_CONFIG_FILE": str(file)}


def test_without_a_word_a_home_has_the_embedded_cloud(paths: Paths) -> None:
    assert site.settle(paths, {}) is None
    assert site.services_of(paths) is None
    assert site.bind_address(paths) == "127.0.0.1"


def test_a_home_keeps_to_its_cloud(paths: Paths, words: dict[str, str]) -> None:
    first = site.settle(paths, words)
    again = site.settle(paths, {"OS_CLIENT_CONFIG_FILE": words["OS_CLIENT_CONFIG_FILE"]})
    assert first == again == site.read(paths)
    assert first is not None
    assert first.environment()["SLIPWAY_GATEWAY_ADDRESS"] == "10.99.0.1"
    assert site.bind_address(paths) == "10.99.0.1"
    assert site.services_of(paths) == ("postgres", "redis", "web", "worker")


def test_what_is_said_anew_counts(paths: Paths, words: dict[str, str]) -> None:
    site.settle(paths, words)
    changed = site.settle(paths, {**words, "SLIPWAY_NETWORK": "other", "SLIPWAY_GATEWAY_ADDRESS": "10.0.0.7"})
    assert changed is not None
    assert (changed.network, changed.gateway, changed.bind) == ("other", "10.0.0.7", "10.99.0.1")


def test_a_home_with_a_cloud_of_its_own_is_not_connected_to_another(paths: Paths, words: dict[str, str]) -> None:
    write_json(paths.cloud, {}, 0o600)
    with pytest.raises(Problem, match="a cloud of its own"):
        site.settle(paths, words)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SLIPWAY_NETWORK": ""}, "SLIPWAY_NETWORK is not set"),
        ({"SLIPWAY_BIND": "portal.test"}, "SLIPWAY_BIND is 'portal.test'"),
        ({"OS_CLIENT_CONFIG_FILE": "/nowhere/clouds.yaml"}, "/nowhere/clouds.yaml"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    paths: Paths, words: dict[str, str], change: dict[str, str], said: str
) -> None:
    with pytest.raises(Problem, match=said):
        site.settle(paths, words | change)
