"""Manila with what a node knows: its token of Heat opens no folder of the course, and makes none."""

from __future__ import annotations

import json

import pytest

from launcher.testing import Embedded
from tests.attacks.home import share_of
from tests.attacks.site import Answer, Request, Site

HEADERS = {"X-Auth-Token": "$token", "Content-Type": "application/json", "X-OpenStack-Manila-API-Version": "2.65"}
ANYBODY = {"access_type": "ip", "access_to": "0.0.0.0/0", "access_level": "rw"}
SHARE = {"share_proto": "NFS", "size": 1, "name": "stolen"}


def requests(house: Embedded, site: Site) -> dict[str, Request]:
    port = json.loads((house.home / "ports.json").read_text())["manila"]
    shares = f"http://127.0.0.1:{port}/v2/shares"
    share = f"{shares}/{share_of(house, site.victim).id}"
    return {
        "the shares": Request(f"{shares}/detail", headers=HEADERS),
        "the shares of all": Request(f"{shares}/detail?all_tenants=1", headers=HEADERS),
        "the share": Request(share, headers=HEADERS),
        "where it is": Request(f"{share}/export_locations", headers=HEADERS),
        "a way into it": Request(f"{share}/action", "POST", json.dumps({"allow_access": ANYBODY}), HEADERS),
        "its end": Request(share, "DELETE", headers=HEADERS),
        "a share of its own": Request(shares, "POST", json.dumps({"share": SHARE}), HEADERS),
        "without a token": Request(f"{shares}/detail", headers={**HEADERS, "X-Auth-Token": ""}),
    }


@pytest.fixture(scope="module")
def answers(house: Embedded, site: Site) -> dict[str, Answer]:
    return site.ask(requests(house, site))


def test_a_nodes_token_opens_no_share_and_makes_none(house: Embedded, site: Site, answers: dict[str, Answer]) -> None:
    assert len(answers) == 2 * 8
    let_in = {name: answer for name, answer in answers.items() if answer.status not in (401, 403, 404)}
    assert let_in == {}
    assert share_of(house, site.victim).status == "available"
