"""Where the files of a job's output may come to lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.slipway_client.download import place_of


@pytest.mark.parametrize("path", ["table.csv", "a b/ü 漢字.csv", "a/b/c", "..a/b..", "~/x", "-rf"])
def test_it_lies_below_the_folder(tmp_path: Path, path: str) -> None:
    assert place_of(path, tmp_path) == tmp_path.resolve() / path


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\\..\\b", "a\nb", "a\x1b[2J", "a\0b"]
)
def test_a_path_that_is_a_trick_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="no name that a file here may have"):
        place_of(path, tmp_path)


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "link").symlink_to(tmp_path / "out")
    with pytest.raises(ValueError, match="leads out"):
        place_of("link/x", tmp_path / "to")
