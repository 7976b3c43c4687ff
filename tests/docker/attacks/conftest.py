"""The two clusters of the attacks in containers: made before the first of them, gone after the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.attacks.home import READY_SECONDS
from tests.attacks.pair import two_clusters
from tests.attacks.site import Site
from tests.docker.attacks.place import ATTACKERS, VICTIMS, nobodys_container, site_of
from tests.docker.nodes import Node, nodes


@pytest.fixture(scope="package")
def site(house: Embedded, engine: str, person: Callable[[str], Client]) -> Iterator[Site]:
    people = (person("student"), person("student2"))
    with (
        two_clusters(*people, "demo", ATTACKERS, "nfs", READY_SECONDS, VICTIMS) as pair,
        nobodys_container(house, engine) as outside,
    ):
        yield site_of(house, engine, person("admin"), pair, outside)


@pytest.fixture(scope="package")
def attacker(house: Embedded, engine: str, site: Site) -> Node:
    """The container in which the attacker's jobs run."""
    return nodes(house, engine, site.attacker.id)["master"]


@pytest.fixture(scope="package")
def victim(house: Embedded, engine: str, site: Site) -> Node:
    return nodes(house, engine, site.victim.id)["master"]
