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
    again = site.settle(paths, {})
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


def test_a_home_takes_no_other_file_than_that_of_its_cloud(
    paths: Paths, words: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.settle(paths, words)
    Path(words["OS_CLIENT_CONFIG_FILE"]).rename(tmp_path / "moved.yaml")
    monkeypatch.chdir(tmp_path / "home")
    Path("clouds.yaml").write_text("clouds: {campus: {}}\n")
    with pytest.raises(Problem, match=words["OS_CLIENT_CONFIG_FILE"]):
        site.settle(paths, {})
    moved = site.settle(paths, {"OS_CLIENT_CONFIG_FILE": str(tmp_path / "moved.yaml")})
    assert moved is not None
    assert moved.clouds == str(tmp_path / "moved.yaml")


def test_the_administrators_settings_hold_until_they_are_taken_back(paths: Paths, words: dict[str, str]) -> None:
    said = {"SLIPWAY_URL": "https://portal.test", "SLIPWAY_BOOT_TIMEOUT": "1200", "OS_REGION_NAME": "two"}
    site.settle(paths, {**words, **said, "SLIPWAY_SECRET_KEY": "not a home's affair"})
    kept = site.settle(paths, {"SLIPWAY_BOOT_TIMEOUT": ""})
    assert kept is not None
    told = kept.environment()
    assert (told["SLIPWAY_URL"], told["OS_REGION_NAME"]) == ("https://portal.test", "two")
    assert not {"SLIPWAY_BOOT_TIMEOUT", "SLIPWAY_SECRET_KEY"} & told.keys()
    assert site.public_url(paths) == "https://portal.test"
    other = site.settle(paths, {**words, "SLIPWAY_CLOUD": "another"})
    assert other is not None
    assert other.settings == {}


def test_each_setting_that_is_kept_is_one_of_the_guides() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "admin-guide.md").read_text()
    assert [name for name in site.SETTINGS if f"`{name}`" not in guide] == []


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


def test_where_the_clouds_apis_listen_holds_until_it_is_taken_back(paths: Paths) -> None:
    assert site.api_address(paths, {}) is None
    write_json(paths.settings, {"api_address": "172.19.0.1"})
    assert site.api_address(paths, {}) == "172.19.0.1"
    assert site.api_address(paths, {"SLIPWAY_MINICLOUD_ADDRESS": "172.20.0.1"}) == "172.20.0.1"
    assert site.api_address(paths, {"SLIPWAY_MINICLOUD_ADDRESS": ""}) is None


def test_an_address_of_the_clouds_apis_that_is_none_is_refused(paths: Paths) -> None:
    with pytest.raises(Problem, match="SLIPWAY_MINICLOUD_ADDRESS is 'docker0'"):
        site.api_address(paths, {"SLIPWAY_MINICLOUD_ADDRESS": "docker0"})
