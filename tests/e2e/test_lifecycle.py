"""The one command's promises about what it runs: it says what is, starts what died, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import urllib.request
from pathlib import Path

from launcher import supervisor
from launcher.testing import Embedded
from minicloud.addresses import HOLDER_PORT, Block
from tests.e2e.remains import processes_below


def pids(house: Embedded) -> dict[str, int]:
    return {name: service["pid"] for name, service in house.status()["services"].items()}


def test_it_reports_every_service_and_where_the_portal_is(house: Embedded) -> None:
    report = house.status()
    assert report["state"] == "up"
    assert set(report["services"]) == set(supervisor.NAMES)
    assert {service["state"] for service in report["services"].values()} == {"running"}
    assert report["logins_file"] == str(house.home / "logins.json")
    with urllib.request.urlopen(report["url"]) as page:
        assert page.status == 200


def test_it_shows_secrets_to_nobody_else(house: Embedded) -> None:
    for name in ("logins.json", "secrets.json", "ports.json", "environment.json", "services.json", "supervisord.conf"):
        assert stat.S_IMODE((house.home / name).stat().st_mode) == 0o600, name
    command_lines = " ".join(process.command for process in processes_below(house.home))
    secrets = json.loads((house.home / "secrets.json").read_text())
    assert [name for name, value in (secrets | house.logins).items() if value in command_lines] == []


def test_it_changes_nothing_when_everything_is_up_already(house: Embedded) -> None:
    before = pids(house)
    logins = (house.home / "logins.json").read_text()
    house.slipway("up")
    assert pids(house) == before
    assert (house.home / "logins.json").read_text() == logins


def test_it_makes_tokens_for_users_it_knows_and_names_them_for_others(house: Embedded) -> None:
    token = house.slipway("token", "student").stdout.strip()
    request = urllib.request.Request(f"{house.url}/api/v1/courses", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        assert [course["name"] for course in json.load(answer)["results"]] == ["demo"]
    refused = house.slipway("token", "nobody", check=False)
    assert refused.returncode != 0
    assert "student" in refused.stderr


def test_it_shows_the_log_of_one_service_and_names_them_all_otherwise(house: Embedded) -> None:
    assert "Uvicorn running" in house.slipway("logs", "web").stdout
    refused = house.slipway("logs", "nothing", check=False)
    assert refused.returncode == 1
    assert "keystone" in refused.stderr


def test_it_starts_again_what_was_killed_with_its_supervisor(house: Embedded) -> None:
    os.kill(int((house.home / "supervisord.pid").read_text()), signal.SIGKILL)
    os.kill(pids(house)["postgres"], signal.SIGKILL)
    assert house.status()["state"] == "degraded"
    house.slipway("up")
    assert house.status()["state"] == "up"


def test_it_leaves_no_process_when_it_is_down_and_keeps_what_it_had(house: Embedded) -> None:
    house.slipway("down")
    assert processes_below(house.home) == []
    report = house.status()
    assert report["state"] == "down"
    assert {service["pid"] for service in report["services"].values()} == {None}
    house.slipway("down")
    house.slipway("up")
    assert house.status()["state"] == "up"


def test_it_takes_other_addresses_when_its_own_were_taken_while_it_was_down(house: Embedded) -> None:
    house.slipway("down")
    before = gateway(house)
    holder = Block(before.rpartition(".")[0]).holder
    with socket.create_server((holder, HOLDER_PORT)):
        house.slipway("up")
        assert house.status()["state"] == "up"
    assert gateway(house) != before
    assert json.loads((house.home / "environment.json").read_text())["SLIPWAY_GATEWAY_ADDRESS"] == gateway(house)


def gateway(house: Embedded) -> str:
    return str(json.loads((house.home / "minicloud" / "cloud.json").read_text())["gateway_address"])


def test_it_ends_a_supervisor_that_nobody_can_ask_any_more(house: Embedded) -> None:
    run = Path(json.loads((house.home / "minicloud" / "settings.json").read_text())["run"])
    (run / "supervisor.sock").unlink()
    house.slipway("down")
    assert processes_below(house.home) == []
    house.slipway("up")


def test_it_asks_for_no_token_of_a_portal_that_is_down(house: Embedded) -> None:
    house.slipway("down")
    refused = house.slipway("token", "student", check=False)
    assert refused.returncode == 1
    assert "`./slipway up` first" in refused.stderr
    house.slipway("up")


def test_it_removes_nothing_without_being_told_twice(house: Embedded) -> None:
    refused = house.slipway("reset", check=False)
    assert refused.returncode == 1
    assert "reset --yes" in refused.stderr
    assert house.status()["state"] == "up"
