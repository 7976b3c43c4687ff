"""Who leaves, what speaks against it, and what an update must not touch."""

from __future__ import annotations

from typing import Any

import pytest

from cloudinit import frameworks
from portal.clusters.life import changes
from portal.clusters.models import Node

SPARK = frameworks.manifest("spark")


def worker(number: int, blocks: int = 0, used: int = 0, remaining: int = 0, **more: Any) -> Node:
    storage = {"blocks": blocks, "used": used * 1024**2, "remaining": remaining * 1024**2}
    return Node(name=f"worker-{number:02d}", role="worker", storage=storage, **more)


def test_the_emptiest_leave_first_of_equals_the_youngest_and_before_all_what_is_in_trouble() -> None:
    workers = [worker(1, 5), worker(2, 3), worker(3, 3), worker(4, 9, trouble="gone"), worker(5, leaving=True)]
    assert changes.emptiest(workers, 4) == ["worker-04", "worker-03", "worker-02", "worker-01"]
    assert changes.emptiest(workers, 0) == changes.emptiest(workers, -2) == []


@pytest.mark.parametrize(
    ("workers", "leaving", "settings", "words"),
    [
        ([worker(1), worker(2), worker(3)], {"worker-02"}, {}, ""),
        ([worker(1)], {"worker-01"}, {}, "0 workers would be left, and 1 is the least"),
        ([worker(1), worker(2)], {"worker-02"}, {}, "kept 2 times, and 1 workers"),
        ([worker(1), worker(2)], {"worker-02"}, {"hadoop": {"dfs.replication": "1"}}, ""),
        (
            [worker(number) for number in (1, 2, 3)],
            {"worker-02"},
            {"hadoop": {"dfs.replication": "3"}},
            "kept 3 times, and 2",
        ),
        (
            [worker(1, remaining=40), worker(2, remaining=50), worker(3, used=100)],
            {"worker-03"},
            {},
            "100 MB would have to move, and there are 90 MB free",
        ),
        ([worker(1, remaining=40), worker(2, remaining=60), worker(3, used=100)], {"worker-03"}, {}, ""),
        # What is in trouble keeps nothing for others.
        ([worker(1), worker(2, trouble="gone"), worker(3)], {"worker-03"}, {}, "and 1 workers without trouble"),
        (
            [worker(1, remaining=40), worker(2, remaining=50, trouble="gone"), worker(3), worker(4, used=45)],
            {"worker-04"},
            {},
            "45 MB would have to move, and there are 40 MB free",
        ),
        # Those that are leaving already are no room for others.
        ([worker(1), worker(2), worker(3), worker(4, leaving=True)], {"worker-01", "worker-02"}, {}, "kept 2 times"),
    ],
)
def test_a_removal_is_refused_with_the_figures(
    workers: list[Node], leaving: set[str], settings: dict[str, dict[str, str]], words: str
) -> None:
    why = changes.why_not_without(leaving, workers, SPARK, settings)
    assert words in why
    assert bool(why) == bool(words)


def test_an_update_may_touch_what_leaves_and_what_is_made_anew_but_for_its_address() -> None:
    touched = {"worker-02", "worker-02-port", "worker-02-ready", "worker-03", "worker-03-handle", "worker-03-ready"}
    assert changes.unintended(touched, ["worker-02"], ["worker-03"]) == []
    beyond = {"worker-03-port", "master", "worker-021", "members", "worker-01-volume"}
    assert changes.unintended(touched | beyond, ["worker-02"], ["worker-03"]) == sorted(beyond)


def test_the_numbers_of_a_template_are_those_that_stay() -> None:
    assert changes.staying_numbers([worker(3), worker(1), worker(2, leaving=True), worker(10)]) == [1, 3, 10]


LOST = [worker(1), worker(2, 9, trouble="gone"), worker(3, 9, trouble="gone"), worker(4, trouble="gone")]


@pytest.mark.parametrize(
    ("names", "copies", "anew"),
    [
        ([], 2, ["worker-02", "worker-04"]),
        ([], 3, ["worker-02", "worker-03", "worker-04"]),
        (["worker-03"], 2, ["worker-03"]),
    ],
)
def test_of_the_lost_no_more_are_made_anew_at_once_than_leave_a_copy(
    names: list[str], copies: int, anew: list[str]
) -> None:
    assert changes.to_be_made_anew(names, LOST, copies) == anew
    assert changes.why_not_anew(anew, LOST, copies) == ""


@pytest.mark.parametrize(
    ("anew", "workers", "copies", "words"),
    [
        (["worker-01"], LOST, 2, "Nothing is wrong with worker-01"),
        (["worker-02", "worker-03"], LOST, 2, "kept 2 times, and 2 of the workers"),
        (["worker-02"], LOST, 1, "kept once, and 1 of the workers"),
        (["worker-02"], LOST[1:], 2, "All 3 workers are in trouble"),
        (["worker-04"], [LOST[3]], 1, ""),
        ([""], [Node(name="", trouble="never heard of")], 1, "kept once"),
    ],
)
def test_a_repair_that_would_lose_blocks_is_refused_with_the_figures(
    anew: list[str], workers: list[Node], copies: int, words: str
) -> None:
    why = changes.why_not_anew(anew, workers, copies)
    assert words in why
    assert bool(why) == bool(words)
