"""docs/security.md says what is shown: each test that it names exists, and each attack stands in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TOP = Path(__file__).parents[3]
PAGE = (TOP / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE))


def named_in(file: Path) -> set[str]:
    found = (node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef))
    return {name for name in found if name.startswith("test_")}


def test_each_test_that_the_page_names_exists() -> None:
    assert len(NAMED) > 30
    assert {f"{file}::{name}" for file, name in NAMED if name not in named_in(TOP / file)} == set()


def test_each_attack_stands_on_the_page() -> None:
    attacks = {
        (str(file.relative_to(TOP)), name)
        for file in (TOP / "tests").glob("**/attacks/test_*.py")
        for name in named_in(file)
    }
    assert attacks - NAMED == set()


def test_each_line_of_a_table_names_a_test() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        for line in table.splitlines()[2:]:
            assert NAMED & set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", line)), line
