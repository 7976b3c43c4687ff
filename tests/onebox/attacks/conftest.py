"""The two clusters of the attacks on a real OpenStack: made before the first of them, gone after the last."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from launcher.testing import Embedded
from tests.attacks.site import Request, Site
from tests.e2e.minicloud_harness import until
from tests.onebox.attacks.place import group_of, onebox_site
from tests.onebox.cloud import Cloud

RULE_SECONDS = 90
PAGES = {"master": 9870, "worker-01": 8081}


@pytest.fixture(scope="package")
def kept(cloud: Cloud, house: Embedded) -> Iterator[Site]:
    """As it is: Neutron keeps strangers out."""
    with onebox_site(cloud, house) as made:
        yield made


@pytest.fixture(scope="package")
def site(kept: Site) -> Site:
    return kept


@pytest.fixture(scope="module")
def opened(cloud: Cloud, kept: Site) -> Iterator[Site]:
    """Where somebody has opened the victim's security group to all the world."""
    network = cloud.connect().network
    group = group_of(cloud, kept.victim)
    rule = network.create_security_group_rule(security_group_id=group.id, direction="ingress", ethertype="IPv4")
    try:
        until("the open doors", lambda: arrives(kept), RULE_SECONDS)
        yield dataclasses.replace(kept, strangers_arrive=True)
    finally:
        network.delete_security_group_rule(rule.id)
        until("the closed doors", lambda: not arrives(kept), RULE_SECONDS)


def arrives(site: Site) -> bool:
    pages = {node: Request(f"http://{site.victim.address(node)}:{port}/") for node, port in PAGES.items()}
    return all(answer.status for answer in site.outside.ask(pages).values())
