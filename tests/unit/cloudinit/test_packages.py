"""Python packages of the cluster's own: what pip said is told in the package's name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cloudinit.slipway_node.facts import Packages
from cloudinit.slipway_node.node import Node
from cloudinit.slipway_node.packages import cause, culprit, index_only, install

MISSING = """\
ERROR: Could not find a version that satisfies the requirement nosuch==9 (from versions: none)
ERROR: No matching distribution found for nosuch==9
"""
CONFLICT = """\
INFO: pip is looking at multiple versions of b to determine which version is compatible with other requirements.
ERROR: Cannot install a==1 and numpy<2 because these package versions have conflicting dependencies.
ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/
"""


@pytest.mark.parametrize(
    ("names", "said", "expected"),
    [
        (("good", "nosuch==9"), MISSING, "nosuch==9"),
        (("Nosuch[extra]==9",), MISSING, "Nosuch[extra]==9"),
        # Names that contain one another.
        (("such", "such-no", "nosuch"), MISSING, "nosuch"),
        (("b", "numpy<2"), CONFLICT, "numpy<2"),
        (("a", "b"), "Killed", "a, b"),
    ],
)
def test_it_names_the_package_that_pip_could_not_install(names: tuple[str, ...], said: str, expected: str) -> None:
    assert culprit(names, said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (MISSING, "No matching distribution found for nosuch==9"),
        ("some\nwords\n\n", "words"),
        ("", "pip said nothing"),
    ],
)
def test_it_gives_the_cause_in_a_line(said: str, expected: str) -> None:
    assert cause(said) == expected


def test_an_index_of_ones_own_is_asked_alone() -> None:
    found = index_only({"PATH": "/bin", "PIP_INDEX_URL": "http://a", "PIP_EXTRA_INDEX_URL": "http://b"})
    assert found == {"PATH": "/bin", "PIP_CONFIG_FILE": "/dev/null"}


def test_nothing_is_made_where_nothing_is_wanted(worker: Node) -> None:
    install(worker, 0)
    assert worker.packages_folder is None
    assert not worker.path("/var/lib/slipway/packages").exists()


def test_other_packages_or_another_index_or_bundle_go_into_another_folder(worker: Node) -> None:
    wishes = [Packages("", ("a==1",)), Packages("", ("a==2",)), Packages("https://x", ("a==1",))]
    nodes = [replace(worker, packages=wish) for wish in wishes]
    nodes.append(replace(nodes[0], bundle=worker.bundle.with_name("1-other")))
    assert len({node.packages_folder for node in nodes}) == 4
