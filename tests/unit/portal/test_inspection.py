"""Finding out about a cloud: what its services answered once is said again on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portal.cloud.connection import Connection
from portal.cloud.inspection import inspect
from portal.cloud.quotas import Room
from tests import proxy as faults
from tests.proxy import always, proxy
from tests.recorded_cloud import recorded_cloud

NOVA_LIMITS = {"maxTotalInstances": 10, "totalInstancesUsed": 4, "maxServerGroupMembers": 10, "maxTotalRAMSize": 51200}
ANSWERS: dict[str, Any] = {
    "compute /limits": (200, {"limits": {"rate": [], "absolute": NOVA_LIMITS}}),
    "compute /flavors/detail": (200, {"flavors": []}),
    "image /images": (200, {"images": []}),
    "network /networks": (200, {"networks": [{"name": "campus", "subnets": ["s"]}, {"name": "empty", "subnets": []}]}),
    "orchestration /stacks?with_count=true": (200, {"stacks": [], "count": 7}),
    "orchestration /resource_types": (200, {"resource_types": ["OS::Nova::Server"]}),
}


def test_facts_are_gathered_from_every_service(settings: Any) -> None:
    answers = dict(ANSWERS)
    with recorded_cloud(answers, ("compute", "image", "network", "orchestration")) as cloud:
        detail = {"quota": {"port": {"limit": 500, "used": 3, "reserved": 0}}}
        answers[f"network /quotas/{cloud.project}/details.json"] = (200, detail)
        settings.CLOUD = cloud.connection
        facts = inspect({cloud.project: "Course A"})
    assert facts.log_in == ""
    assert abs(facts.clock_skew) < 5
    assert facts.token_seconds == pytest.approx(14400)
    (project,) = facts.projects
    assert project.roles == {"member", "heat_stack_owner"}
    assert project.rooms == {
        "instances": Room(10, 4), "server group members": Room(10), "MB of memory": Room(51200), "ports": Room(500, 3),
        "stacks": Room(512, 7),
    }  # fmt: skip
    assert facts.networks == {"campus": 1, "empty": 0}
    assert facts.resource_types == {"OS::Nova::Server"}
    assert facts.services["shared-file-system"] == ""
    assert "version" in facts.services["compute"]


def test_an_older_neutron_tells_no_more_than_the_bounds(settings: Any) -> None:
    answers = dict(ANSWERS)
    with recorded_cloud(answers, ("network",)) as cloud:
        answers[f"network /quotas/{cloud.project}"] = (200, {"quota": {"security_group": 10}})
        settings.CLOUD = cloud.connection
        (project,) = inspect({}).projects
    assert project.rooms == {"security groups": Room(10, 0)}


def test_a_service_that_is_ill_takes_nothing_from_the_others(settings: Any) -> None:
    with recorded_cloud({**ANSWERS, "compute /limits": (503, {})}, ("compute", "orchestration")) as cloud:
        settings.CLOUD = cloud.connection
        facts = inspect({})
    assert facts.projects[0].rooms == {"stacks": Room(512, 7)}
    assert facts.resource_types == {"OS::Nova::Server"}


@pytest.mark.parametrize("body", [{}, [], {"limits": {}, "quota": {"port": {}}, "networks": [{}], "flavors": [{}]}])
def test_what_is_no_answer_of_openstacks_is_missing_and_breaks_nothing(body: Any, settings: Any) -> None:
    answers = dict.fromkeys(ANSWERS, (200, body))
    with recorded_cloud(answers) as cloud:
        for path in ("volumev3 /limits", "sharev2 /limits", "sharev2 /types", f"network /quotas/{cloud.project}"):
            answers[path] = (200, body)
        settings.CLOUD = cloud.connection
        facts = inspect({})
    assert facts.log_in == ""
    assert facts.projects[0].rooms == {}
    assert (facts.resource_types, facts.networks, facts.catalogue) == (frozenset(), {}, {})


def test_a_wrong_password_is_told_in_plain_words(settings: Any) -> None:
    with recorded_cloud({}) as cloud, proxy({"cloud": cloud.address}) as before:
        before.set(always(faults.TOKEN_ENDED))
        settings.CLOUD = Connection(f"{before.addresses['cloud']}/v3", "slipway", "wrong", {})
        facts = inspect({})
    assert facts.log_in == "user, password or domain is wrong"
    assert "OS_PASSWORD" in facts.log_in_step


@pytest.mark.parametrize(
    ("address", "words"),
    [("http://127.0.0.1:9/v3", "nobody listens there"), ("http://keystone.invalid/v3", "the host's name is not known")],
)
def test_an_address_at_which_nobody_is_found_is_told(address: str, words: str, settings: Any) -> None:
    settings.CLOUD = Connection(address, "slipway", "secret", {})
    assert inspect({}).log_in == words


@pytest.fixture
def strange_authority(tmp_path: Path) -> Iterator[str]:
    """The address of a server whose certificate nobody knows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    both = key.private_bytes(encoding, form, serialization.NoEncryption()) + certificate.public_bytes(encoding)
    (tmp_path / "server.pem").write_bytes(both)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}/v3"
        server.shutdown()
        thread.join()


def test_a_certificate_that_is_not_trusted_is_told(strange_authority: str, settings: Any) -> None:
    settings.CLOUD = Connection(strange_authority, "slipway", "secret", {})
    facts = inspect({})
    assert facts.log_in == "its certificate is not trusted here"
    assert "OS_CACERT" in facts.log_in_step


def test_an_authority_that_is_given_is_trusted(strange_authority: str, tmp_path: Path, settings: Any) -> None:
    """And what is behind it is no Keystone."""
    settings.CLOUD = Connection(strange_authority, "slipway", "secret", {}, verify=str(tmp_path / "server.pem"))
    assert "Unsupported method" in inspect({}).log_in or "501" in inspect({}).log_in


def test_plain_http_where_tls_was_expected_is_told(settings: Any) -> None:
    with recorded_cloud({}) as cloud:
        settings.CLOUD = Connection(cloud.address.replace("http:", "https:") + "/v3", "slipway", "secret", {})
        assert "http address" in inspect({}).log_in


def test_in_another_region_there_is_nothing(settings: Any) -> None:
    with recorded_cloud({}, ("share", "sharev2", "orchestration")) as cloud:
        settings.CLOUD = replace(cloud.connection, region="Mars")
        facts = inspect({})
    assert facts.troubles == {}
    assert set(facts.services.values()) == {""}
