"""The rule of memory, and its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from minicloud import memory
from minicloud.catalogue import Flavor, flavor
from minicloud.memory import Memory, never_fits, promised, refusal


def small() -> Flavor:
    found = flavor("small")
    assert found is not None
    return found


def test_servers_that_fit_are_admitted() -> None:
    assert refusal([small()] * 3, Memory(total=8000, available=5000, promised=0)) is None


def test_servers_that_do_not_fit_are_refused_with_the_figures() -> None:
    reason = refusal([small()] * 3, Memory(total=8000, available=5000, promised=1000))
    assert reason is not None
    assert "4608 MB are needed (small 1536 + small 1536 + small 1536), 4000 MB are free" in reason
    assert "delete servers" in reason


def test_a_promise_counts_only_as_far_as_it_is_not_used_yet() -> None:
    assert promised([(1536, 500), (1536, 2000), (3072, 0)]) == 1036 + 0 + 3072


def test_more_promised_than_available_is_nothing_free() -> None:
    assert Memory(total=8000, available=100, promised=500).free == 0


def test_a_flavor_larger_than_the_machine_is_refused_with_those_that_fit() -> None:
    large = flavor("large")
    assert large is not None
    assert never_fits(large, 8000) is None
    reason = never_fits(large, 4000)
    assert reason is not None
    assert "needs 6144 MB" in reason
    assert "4000 MB in all; take small or medium" in reason
    assert "no flavor fits it" in str(never_fits(large, 100))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, (None, 0)),
        ({"memory.max": "max"}, (None, 0)),
        ({"memory.max": "1000", "memory.current": "600", "memory.stat": "anon 1\ninactive_file 200"}, (1000, 400)),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, (None, 0)),
        (
            {
                "memory/memory.limit_in_bytes": "1000",
                "memory/memory.usage_in_bytes": "700",
                "memory/memory.stat": "total_inactive_file 100",
            },
            (1000, 600),
        ),
    ],
)
def test_it_reads_the_limit_of_either_kind_of_cgroup(
    tmp_path: Path, files: dict[str, str], expected: tuple[int | None, int]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert memory._cgroup(tmp_path) == expected


def test_it_reads_this_machine() -> None:
    found = memory.read([(100, 0)])
    assert 0 < found.available <= found.total
    assert found.promised == 100
