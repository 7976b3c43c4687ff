"""A container without user-data has its facts in its environment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cloudinit import frameworks
from cloudinit.frameworks.node import half
from cloudinit.slipway_node import main
from cloudinit.slipway_node.facts import FactsError, Machine, parse_facts
from cloudinit.slipway_node.handed import FACTS, take_facts
from cloudinit.slipway_node.node import make_node
from tests.unit.cloudinit.test_facts import BUNDLE, changed

ROOT = Path(__file__).parents[3]


def test_facts_are_written_down_where_cloud_init_would_have_for_root_alone(tmp_path: Path) -> None:
    environment = {FACTS: '{"version": 2}', "SLIPWAY_NODE_ROOT": str(tmp_path)}
    take_facts(environment)
    written = tmp_path / "etc/slipway/facts.json"
    assert written.read_text() == '{"version": 2}\n'
    assert written.stat().st_mode & 0o777 == 0o600


def test_without_them_what_cloud_init_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "etc/slipway").mkdir(parents=True)
    (tmp_path / "etc/slipway/facts.json").write_text("{}")
    take_facts({"SLIPWAY_NODE_ROOT": str(tmp_path)})
    assert (tmp_path / "etc/slipway/facts.json").read_text() == "{}"


def test_the_boot_goes_by_them_and_nothing_that_it_starts_inherits_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "VERSION").write_text("1-a\n")
    monkeypatch.setenv("SLIPWAY_NODE_ROOT", str(tmp_path))
    monkeypatch.setenv(FACTS, json.dumps({"version": 9, "secret": "of the cluster"}))

    assert main.main(["boot"], bundle, frameworks.manifest, half) == 1

    assert "the facts have version 9, but this bundle (1-a) knows version 2" in capsys.readouterr().out
    child = subprocess.run(["env"], capture_output=True, text=True, check=True)
    assert "of the cluster" not in child.stdout


def test_a_variable_of_the_template_is_named_as_the_node_program_reads_it() -> None:
    template = (ROOT / "heat_templates" / "templates" / "container.yaml.j2").read_text()
    assert f"        {FACTS}:\n" in template


@pytest.mark.parametrize(("said", "uses"), [({}, 8), ({"vcpus": 2}, 2), ({"vcpus": "2"}, 2), ({"vcpus": 16}, 8)])
def test_a_node_uses_no_more_processors_than_the_facts_say(said: dict[str, Any], uses: int, tmp_path: Path) -> None:
    """A container sees all of its host's."""
    document = changed("node", {"name": "worker-01", "role": "worker", **said})
    machine = Machine(root=tmp_path, address="", memory_mb=1024, vcpus=8, run=tmp_path, java=tmp_path)
    assert make_node(parse_facts(document, BUNDLE), machine, tmp_path, "master").vcpus == uses


@pytest.mark.parametrize("vcpus", ["two", -1, 2.5, 100_000])
def test_processors_that_are_no_number_are_refused(vcpus: object) -> None:
    with pytest.raises(FactsError, match=r"'node\.vcpus' is no whole number from 0 to 1024"):
        parse_facts(changed("node", {"name": "worker-01", "role": "worker", "vcpus": vcpus}), BUNDLE)
