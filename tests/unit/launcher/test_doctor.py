"""The doctor's verdicts."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import Any

import pytest

from launcher import doctor
from launcher.doctor import MISSING, OK, WARNING, Facts
from launcher.problem import Problem

HEALTHY = Facts(
    root=True,
    python=(3, 11, 2),
    venv=True,
    java=17,
    javac=17,
    maven="3.8.7",
    nss_wrapper=True,
    free_disk={"/var": 50_000_000_000},
    free_memory=16_000_000_000,
    temporary_folder="",
    web_port=8000,
    web_port_free=True,
    redis=None,
    closed_folder=None,
)


def verdicts(**changed: Any) -> dict[str, str]:
    return {check.name: check.verdict for check in doctor.judge(replace(HEALTHY, **changed))}


def test_it_finds_nothing_wrong_with_a_healthy_machine() -> None:
    assert set(verdicts().values()) == {OK}
    assert doctor.missing_packages(doctor.judge(HEALTHY)) == []
    assert doctor.other_trouble(doctor.judge(HEALTHY)) is None


@pytest.mark.parametrize(
    ("changed", "name", "package"),
    [
        ({"java": None, "javac": None}, "JDK", "openjdk-17-jdk-headless"),
        ({"java": 11, "javac": 11}, "JDK", "openjdk-17-jdk-headless"),
        ({"javac": None}, "JDK", "openjdk-17-jdk-headless"),
        ({"java": 8}, "JDK", "openjdk-17-jdk-headless"),
        ({"maven": None}, "Maven", "maven"),
        ({"nss_wrapper": False}, "nss_wrapper", "libnss-wrapper"),
        ({"venv": False}, "venv", "python3.11-venv"),
    ],
)
def test_it_names_the_package_that_is_missing(changed: dict[str, Any], name: str, package: str) -> None:
    checks = doctor.judge(replace(HEALTHY, **changed))
    assert [check.name for check in checks if check.verdict == MISSING] == [name]
    assert doctor.missing_packages(checks) == [package]


def test_it_asks_a_normal_user_for_nothing_that_only_root_needs() -> None:
    assert "nss_wrapper" not in verdicts(root=False, nss_wrapper=False)
    assert "folders" not in verdicts(root=False, closed_folder="/home/ada")


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"free_disk": {"/var": 50_000_000_000, "/home": 1_000_000_000}}, "disk"),
        ({"temporary_folder": "read-only file system"}, "/tmp"),
        ({"closed_folder": "/secret"}, "folders"),
    ],
)
def test_it_stops_for_what_no_package_cures_and_says_what_to_do(changed: dict[str, Any], name: str) -> None:
    assert verdicts(**changed)[name] == MISSING
    trouble = doctor.other_trouble(doctor.judge(replace(HEALTHY, **changed)))
    assert trouble is not None
    assert trouble.next_step


@pytest.mark.parametrize("memory", [5_000_000_000, 1_000_000_000])
def test_it_only_warns_of_little_memory(memory: int) -> None:
    assert verdicts(free_memory=memory)["memory"] == WARNING


def test_it_only_warns_of_a_taken_port() -> None:
    assert verdicts(web_port_free=False)["port"] == WARNING


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_362"', 8),
        ("javac 17.0.15", 17),
        ("Picked up JAVA_TOOL_OPTIONS: -Xmx1g\njavac 25", 25),
        ("", None),
        ("command not found", None),
    ],
)
def test_it_reads_the_release_of_any_java(text: str, release: int | None) -> None:
    assert doctor.java_release(text) == release


def test_a_home_that_was_up_before_needs_less_room() -> None:
    tight = {"/var": 1_000_000_000}
    assert verdicts(free_disk=tight)["disk"] == MISSING
    assert verdicts(free_disk=tight, settled=True)["disk"] == WARNING


@pytest.mark.parametrize(
    "trouble",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/var/x/ports.json"),
        Problem("initdb could not make the databases' folder", "could not write to file: No space left on device"),
    ],
)
def test_it_names_the_fuller_disk_and_what_is_needed_where_one_is_full(trouble: Exception) -> None:
    told = str(doctor.full_disk(trouble, {"/var": 1_000_000, "/cache": 9_000_000_000}))
    assert "no space is left on the disk of /var" in told
    assert "4.0 GB are needed" in told
    assert str(trouble).splitlines()[0] in told


def test_it_blames_no_disk_for_other_trouble() -> None:
    assert doctor.full_disk(OSError(errno.EACCES, os.strerror(errno.EACCES), "/x"), {"/var": 0}) is None
