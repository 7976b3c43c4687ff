"""GPUs: a node counts what it has before it promises them to Spark."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from cloudinit.slipway_node.errors import StepError
from cloudinit.slipway_node.gpus import check
from cloudinit.slipway_node.node import Node


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def show(programs: Path, text: str) -> None:
    (programs / "nvidia-smi").write_text(f"#!/bin/sh\n{text}\n")
    (programs / "nvidia-smi").chmod(0o755)


def test_a_worker_with_all_its_gpus_is_fine(worker: Node, programs: Path) -> None:
    show(programs, "echo 0; echo 1")
    check(replace(worker, gpus=2))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("echo 0", "is to have 2 GPUs, but nvidia-smi shows 1"),
        ("echo No devices were found", "shows 0"),
        ("echo 'Driver/library version mismatch'; exit 18", "shows 0"),
    ],
)
def test_a_worker_with_fewer_gpus_says_so_with_the_figures(
    worker: Node, programs: Path, program: str, words: str
) -> None:
    show(programs, program)
    with pytest.raises(StepError, match=f"{words}.*choose a flavor"):
        check(replace(worker, gpus=2))


def test_a_worker_without_nvidias_program_says_so(worker: Node, programs: Path) -> None:
    with pytest.raises(StepError, match=r"nvidia-smi does not tell.*choose a flavor"):
        check(replace(worker, gpus=1))


def test_nobody_asks_where_no_gpus_are_wanted_nor_on_the_master(master: Node, worker: Node, programs: Path) -> None:
    show(programs, f"touch {programs}/asked; exit 1")
    check(worker)
    check(replace(master, gpus=2))
    assert not (programs / "asked").exists()


@pytest.mark.parametrize(("shown", "addresses"), [("echo 0; echo 1", ["0", "1"]), ("echo '3 '", ["3"])])
def test_the_script_tells_spark_the_numbers_of_the_gpus(programs: Path, shown: str, addresses: list[str]) -> None:
    show(programs, shown)
    script = resources.files("cloudinit.frameworks.spark").joinpath("conf", "gpus.sh").read_text()
    said = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout
    assert json.loads(said) == {"name": "gpu", "addresses": addresses}


def test_the_script_fails_where_nvidias_program_does(programs: Path) -> None:
    show(programs, "exit 9")
    script = resources.files("cloudinit.frameworks.spark").joinpath("conf", "gpus.sh").read_text()
    assert subprocess.run(["sh", "-c", script], capture_output=True, check=False).returncode == 9
