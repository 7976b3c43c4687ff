"""What a cluster would cost, before it is made; and more time for one that is there."""

from __future__ import annotations

import json
import shlex
from typing import Any

from tests.unit.cli.shapes import CLUSTER_ID, COURSE, cluster, page

FITS = {
    "hourly": "0.300000", "until_end": "1.200000", "remaining": "98.800000", "fits": True, "excesses": [], "advice": "",
}  # fmt: skip
TOO_MUCH = {
    **FITS,
    "fits": False,
    "excesses": [{"limit": "nodes", "detail": "nodes: 12 are asked for, and 8 of 10 are used"}],
    "advice": "The largest that fits has 1 worker.",
}


def test_a_dry_run_shows_the_price_and_makes_nothing(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, FITS)
    done = slipway("cluster", "create", "x", "--dry-run")
    assert done.code == 0
    assert [line.split()[-1] for line in done.out.splitlines()[:3]] == ["0.3", "1.2", "98.8"]
    assert [(call.method, call.path) for call in server.calls[1:]] == [("POST", "/api/v1/clusters/price")]


def test_its_request_is_what_a_create_would_send_and_a_shell_understands_it(server: Any, slipway: Any) -> None:
    name = "it's $HOME `x`"
    server.will_answer(200, page(COURSE))
    server.will_answer(200, FITS)
    told = slipway("cluster", "create", name, "--dry-run").out
    words = shlex.split(told[told.index("curl") :].replace("\\\n", " "))
    assert words[:4] == ["curl", "-X", "POST", f"{server.url}/api/v1/clusters"]
    assert "t-1" not in told
    server.will_answer(200, page(COURSE))
    server.will_answer(202, cluster("creating"))
    slipway("cluster", "create", name)
    assert json.loads(words[words.index("-d") + 1]) == json.loads(server.calls[-1].body)


def test_what_would_be_refused_is_status_3_with_the_reasons(server: Any, slipway: Any) -> None:
    server.will_answer(200, page(COURSE))
    server.will_answer(200, TOO_MUCH)
    done = slipway("cluster", "create", "x", "--dry-run")
    assert done.code == 3
    assert "8 of 10 are used" in done.err
    assert "largest that fits has 1 worker" in done.err
    server.will_answer(200, page(COURSE))
    server.will_answer(200, TOO_MUCH)
    answer = slipway("cluster", "create", "x", "--dry-run", "--json")
    assert (answer.code, answer.json["price"], answer.json["request"]["body"]["name"]) == (3, TOO_MUCH, "x")


def test_a_cluster_is_extended(server: Any, slipway: Any) -> None:
    server.will_answer(200, cluster(expires_at="2026-11-21T23:00:00Z"))
    done = slipway("cluster", "extend", CLUSTER_ID, "1")
    assert (done.code, done.out.startswith("flights: ends 2026-11-21 23:00")) == (0, True)
    assert (server.calls[0].path, json.loads(server.calls[0].body)) == (
        f"/api/v1/clusters/{CLUSTER_ID}/extend", {"hours": 1},
    )  # fmt: skip
