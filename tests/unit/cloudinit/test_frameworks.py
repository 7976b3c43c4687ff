"""Frameworks are found by their folders, and their manifests agree with themselves."""

from __future__ import annotations

import pytest

from cloudinit.frameworks import UnknownFramework, manifest, names
from cloudinit.frameworks.manifest import next_numbers, worker_numbers


def test_it_finds_spark_by_its_folder() -> None:
    assert names() == ("spark",)


def test_it_names_what_there_is_when_asked_for_what_there_is_not() -> None:
    for wrong in ("flink", "", "../spark", "manifest"):
        with pytest.raises(UnknownFramework, match="choose one of: spark"):
            manifest(wrong)


@pytest.mark.parametrize("name", names())
def test_a_manifest_agrees_with_itself(name: str) -> None:
    found = manifest(name)
    roles = {role.name for role in found.roles}
    assert found.name == name
    assert found.master.count == 1
    assert {port.role for port in found.ports} | {page.role for page in found.pages} <= roles
    for page in found.pages:
        assert (page.port, page.role) in {(port.number, port.role) for port in found.ports}
    for role in found.roles:
        assert role.steps[0] == "facts"
        assert role.steps[-1] == "signal"
        assert all(found.step_titles[step] for step in role.steps)
    assert 1 <= found.minimum_workers <= found.default_workers <= found.maximum_workers


def test_it_names_the_nodes_of_a_cluster_and_counts_their_steps() -> None:
    found = manifest("spark")
    assert [(node.name, node.role) for node in found.nodes(2)] == [
        ("master", "master"),
        ("worker-01", "worker"),
        ("worker-02", "worker"),
    ]
    assert found.nodes(11)[-1].name == "worker-11"
    assert found.step_count(2) == 9 + 2 * 8


def test_a_cluster_that_lost_a_worker_keeps_the_names_of_the_others_and_grows_above_them() -> None:
    assert [node.name for node in manifest("spark").nodes([1, 3])] == ["master", "worker-01", "worker-03"]
    assert next_numbers([1, 3], 2) == (1, 3, 4, 5)
    assert next_numbers(worker_numbers(2), 1) == (1, 2, 3)
