"""The developers' compose file: the portal from a checkout, which takes up what is changed there."""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.slipway_client import Client
from launcher.paths import TOP
from launcher.services import PORTAL_CODE
from launcher.testing import Embedded
from tests.docker.composed import DEVELOPMENT, LASTING, Composed, composed, write_environment
from tests.docker.portal_images import Images
from tests.e2e.minicloud_harness import free_port, until

PAGE = "portal/web/templates/web/log_in.html"
HEADING = "A Spark cluster in three steps"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this one's source: a change is to be made."""
    top = tmp_path_factory.mktemp("development") / "checkout"
    top.mkdir(mode=0o755)
    for name in PORTAL_CODE:
        source = TOP / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, top / name)
    return top


@pytest.fixture(scope="module")
def portal(campus: Embedded, images: Images, engine: str, checkout: Path) -> Iterator[Composed]:
    file = checkout.with_name("development.env")
    write_environment(file, json.loads((campus.home / "environment.json").read_text()))
    places = {"SLIPWAY_SOURCE": str(checkout), "SLIPWAY_PORTAL_ENV": str(file), "SLIPWAY_PORT": str(free_port())}
    with composed(engine, DEVELOPMENT, {**images.names, **places}) as running:
        yield running


def page(portal: Composed) -> str:
    with urllib.request.urlopen(f"{portal.url}/log-in", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def test_it_answers_from_the_checkout_and_takes_up_a_change(portal: Composed, checkout: Path) -> None:
    assert HEADING in page(portal)
    template = checkout / PAGE
    template.write_text(template.read_text().replace(HEADING, "A change of mine"))
    until("the change", lambda: "A change of mine" in _page_if_any(portal), 60)


def test_its_stores_have_no_network_and_its_containers_no_port(portal: Composed) -> None:
    modes = {service: portal.inspect(service)["HostConfig"]["NetworkMode"] for service in LASTING}
    assert modes == {"postgres": "none", "redis": "none", "web": "host", "worker": "host"}


def test_people_of_the_embedded_cloud_log_in(portal: Composed, campus: Embedded) -> None:
    client = Client(portal.url)
    client.log_in("student", campus.logins["student"])
    assert client.courses() == []


def _page_if_any(portal: Composed) -> str:
    """Empty while web begins anew."""
    try:
        return page(portal)
    except OSError:
        return ""
