"""What the launcher tells minicloud and the portal."""

from __future__ import annotations

from pathlib import Path

from launcher import configuration, credentials
from launcher.paths import Paths

PATHS = Paths(Path("/srv/top"), Path("/var/home 1"), Path("/var/cache"), Path("/tmp/slipway-1"))
PORTS = {"web": 8001, "keystone": 15100, "heat": 15101, "manila": 15102}
SECRETS = dict.fromkeys(credentials.SECRETS, "s" * 32)
LOGINS = dict.fromkeys(credentials.LOGINS, "password")
CLOUD = {
    "auth_url": "http://127.0.0.1:15100/v3",
    "region": "RegionOne",
    "username": "slipway",
    "password": "p",
    "user_domain": "Default",
    "provisioner": {"username": "provisioner", "password": "q"},
    "projects": {"demo": "1", "other": "2"},
    "network": "campus",
    "gateway_address": "127.88.3.2",
    "runtime": "nova-docker",
    "flavors": [{"name": "small"}],
    "images": [],
    "share_types": [],
}


def test_it_gives_minicloud_the_bundle_by_folder_and_version() -> None:
    settings = configuration.minicloud_settings(PATHS, PORTS, SECRETS, LOGINS, Path("/var/cache/bundle/1-abc"))
    assert (settings["bundle"], settings["bundle_version"]) == ("/var/cache/bundle/1-abc", "1-abc")
    assert settings["users"] == LOGINS
    assert settings["courses"] == ["demo", "other"]


def test_it_keeps_postgres_out_of_the_nodes_users() -> None:
    settings = configuration.minicloud_settings(PATHS, PORTS, SECRETS, LOGINS, Path("/b"))
    assert settings["uid_base"] > configuration.postgres.UNPRIVILEGED_UID


def test_it_tells_the_portal_only_of_its_service_user_and_its_provisioner() -> None:
    url, cloud = "http://127.0.0.1:8000", configuration.cloud_environment(CLOUD)
    environment = configuration.portal_environment(PATHS, url, SECRETS, "postgres://x", cloud, "1-abc")
    assert (environment["OS_USERNAME"], environment["OS_PASSWORD"]) == ("slipway", "p")
    own = environment["SLIPWAY_PROVISIONER_USERNAME"], environment["SLIPWAY_PROVISIONER_PASSWORD"]
    assert own == ("provisioner", "q")
    assert environment["SLIPWAY_RUNTIME"] == "nova-docker"
    assert all(isinstance(value, str) for value in environment.values())
    assert not set(LOGINS.values()) & set(environment.values())


def test_what_the_administrator_said_wins_over_the_homes_own_address() -> None:
    said = {"SLIPWAY_URL": "https://portal.test", "SLIPWAY_LOGIN_DOMAIN": "people"}
    environment = configuration.portal_environment(
        PATHS, "http://10.99.0.1:8000", SECRETS, "postgres://x", said, "1-abc"
    )
    assert (environment["SLIPWAY_URL"], environment["SLIPWAY_LOGIN_DOMAIN"]) == ("https://portal.test", "people")
    assert environment["SLIPWAY_NODE_URL"] == "http://10.99.0.1:8000"


def test_it_enrols_students_teachers_and_administrators() -> None:
    roster = configuration.courses(CLOUD)
    members = {course["name"]: {m["username"]: m["role"] for m in course["members"]} for course in roster["courses"]}
    assert members == {
        "demo": {"student": "student", "student2": "student", "teacher": "teacher"},
        "other": {"outsider": "student"},
    }
    assert [course["project"] for course in roster["courses"]] == ["1", "2"]
    assert {course["clusters_each"] for course in roster["courses"]} == {4}
    assert roster["administrators"] == ["admin"]


def test_everything_that_the_embedded_cloud_offers_has_a_price_and_each_course_can_pay_it() -> None:
    offered = {"flavors": [{"name": "small", "vcpus": 1}], "share_types": [{"name": "nfs"}]}
    document = configuration.rates(offered)
    assert [(each["kind"], each["name"], each["price"]) for each in document["rates"]] == [
        ("node", "small", "1"),
        ("storage", "nfs", "0.1"),
    ]
    assert {each["course"] for each in document["grants"]} == {"demo", "other"}


def test_another_cloud_takes_the_place_of_the_homes_own() -> None:
    caller = {"HOME": "/home/me", "OS_CLIENT_CONFIG_FILE": "/etc/clouds.yaml", "OS_PASSWORD": "of something else"}
    own = {"SLIPWAY_NETWORK": "campus", "OS_AUTH_URL": "http://127.0.0.1/v3", "OS_REGION_NAME": "RegionOne"}
    assert configuration.with_cloud(own, "uni", caller) == {
        "SLIPWAY_NETWORK": "campus",
        "HOME": "/home/me",
        "OS_CLIENT_CONFIG_FILE": "/etc/clouds.yaml",
        "OS_CLOUD": "uni",
    }


def test_a_cloud_may_be_looked_at_before_the_first_up() -> None:
    caller = {"SLIPWAY_NETWORK": "provider", "OS_CLOUD": "uni", "HOME": "/home/me"}
    environment = configuration.before_up(caller)
    assert (environment["SLIPWAY_NETWORK"], environment["OS_CLOUD"]) == ("provider", "uni")
    assert environment["SLIPWAY_BUNDLE_VERSION"] == "unknown"
    assert "HOME" not in environment
