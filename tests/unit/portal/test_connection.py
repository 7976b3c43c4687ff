"""Which cloud it is: clouds.yaml or the OS_* variables, and what is refused in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.cloud.connection import Connection, WrongConnection, read, versioned

VARIABLES = {"OS_AUTH_URL": "https://cloud.example:5000", "OS_USERNAME": "slipway", "OS_PASSWORD": "secret"}
# What an openrc file sets beside them.
OPENRC = {"OS_PROJECT_NAME": "admin", "OS_IDENTITY_API_VERSION": "3", "OS_PROJECT_DOMAIN_NAME": "Default"}
CLOUDS = """
clouds:
  campus:
    auth: {auth_url: "https://cloud.example:5000/v3", username: slipway, password: "a{b}c", user_domain_id: d1,
           project_name: any, project_domain_name: Default}
    regions: [north, south]
    interface: internal
    cacert: CACERT
  bound:
    auth_type: v3applicationcredential
    auth: {auth_url: "https://cloud.example:5000/v3", application_credential_id: a, application_credential_secret: b}
  open:
    auth: {auth_url: "https://cloud.example/identity", username: slipway}
    verify: false
"""


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that lead to a clouds.yaml, and to a secure.yaml beside it."""
    authorities = tmp_path / "ca.pem"
    authorities.write_text("of no account here")
    (tmp_path / "clouds.yaml").write_text(CLOUDS.replace("CACERT", str(authorities)))
    (tmp_path / "secure.yaml").write_text("clouds: {open: {auth: {password: kept apart}}}")
    for name in ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    found = {
        "OS_CLIENT_CONFIG_FILE": str(tmp_path / "clouds.yaml"),
        "OS_CLIENT_SECURE_FILE": str(tmp_path / "secure.yaml"),
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def wrong(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(WrongConnection) as caught:
        read(environ)
    return caught.value.wrong


def test_the_variables_of_an_openrc_file_are_enough() -> None:
    found = read({**OPENRC, **VARIABLES})
    assert found == Connection("https://cloud.example:5000/v3", "slipway", "secret", {"user_domain_name": "Default"})
    assert found.endpoint == {"interface": "public"}


def test_region_interface_domain_and_authorities_come_from_the_variables(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.touch()
    more = {"OS_REGION_NAME": "north", "OS_ENDPOINT_TYPE": "internalURL", "OS_CACERT": str(authorities)}
    found = read({**VARIABLES, **more, "OS_USER_DOMAIN_ID": "d1"})
    assert found.endpoint == {"interface": "internal", "region_name": "north"}
    assert found.user_domain == {"user_domain_id": "d1"}
    assert found.verify == str(authorities)


def test_an_entry_of_clouds_yaml_says_the_same(clouds: dict[str, str]) -> None:
    found = read({**clouds, "OS_CLOUD": "campus"})
    assert (found.auth_url, found.username, found.password) == ("https://cloud.example:5000/v3", "slipway", "a{b}c")
    assert found.endpoint == {"interface": "internal", "region_name": "north"}
    assert found.user_domain == {"user_domain_id": "d1"}
    assert str(found.verify).endswith("ca.pem")


def test_files_may_be_named_below_ones_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ca.pem", "own.pem", "own.key"):
        (tmp_path / name).touch()
    found = read({**VARIABLES, "OS_CACERT": "~/ca.pem", "OS_CERT": "~/own.pem", "OS_KEY": "~/own.key"})
    assert found.verify == str(tmp_path / "ca.pem")
    assert found.client_certificate == (str(tmp_path / "own.pem"), str(tmp_path / "own.key"))


def test_of_several_regions_one_is_chosen_by_its_name(clouds: dict[str, str]) -> None:
    assert read({**clouds, "OS_CLOUD": "campus", "OS_REGION_NAME": "south"}).region == "south"
    assert "west" in wrong({**clouds, "OS_CLOUD": "campus", "OS_REGION_NAME": "west"})["OS_CLOUD"]


def test_a_password_may_stand_in_secure_yaml_and_certificates_may_go_unchecked(clouds: dict[str, str]) -> None:
    found = read({**clouds, "OS_CLOUD": "open"})
    assert (found.password, found.verify) == ("kept apart", False)
    assert found.auth_url == "https://cloud.example/identity/v3"


def test_a_cloud_that_is_not_there_is_named_with_those_that_are(clouds: dict[str, str]) -> None:
    why = wrong({**clouds, "OS_CLOUD": "kampus"})["OS_CLOUD"]
    assert "kampus" in why
    assert "bound, campus, open" in why


def test_a_file_that_is_not_there_is_named() -> None:
    assert "/nowhere" in wrong({"OS_CLOUD": "campus", "OS_CLIENT_CONFIG_FILE": "/nowhere"})["OS_CLIENT_CONFIG_FILE"]


def test_an_application_credential_is_refused_with_the_reason(clouds: dict[str, str]) -> None:
    why = wrong({**clouds, "OS_CLOUD": "bound"})
    assert list(why) == ["clouds.yaml: bound.auth.application_credential_id"]
    assert "one project" in why["clouds.yaml: bound.auth.application_credential_id"]
    assert "one project" in wrong({**VARIABLES, "OS_AUTH_TYPE": "v3applicationcredential"})["OS_AUTH_TYPE"]
    assert "OS_TOKEN" in wrong({**VARIABLES, "OS_TOKEN": "t"})


def test_everything_that_is_wrong_is_named_at_once() -> None:
    environ = {"OS_AUTH_URL": "cloud", "OS_INTERFACE": "private", "OS_CACERT": "/nowhere", "OS_INSECURE": "perhaps"}
    assert set(wrong({**environ, "OS_KEY": __file__})) == {*environ, "OS_USERNAME", "OS_PASSWORD", "OS_CERT"}


def test_version_2_of_keystone_is_refused_and_version_3_is_added() -> None:
    assert "version 3" in wrong({**VARIABLES, "OS_AUTH_URL": "https://cloud.example:5000/v2.0"})["OS_AUTH_URL"]
    assert versioned("https://cloud.example/identity/") == "https://cloud.example/identity/v3"
    assert versioned("https://cloud.example/v3/") == "https://cloud.example/v3"


def test_a_password_is_in_no_text_of_a_connection() -> None:
    assert "secret" not in repr(read(VARIABLES))
