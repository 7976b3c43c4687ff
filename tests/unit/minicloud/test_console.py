"""A console keeps its end, however much is written to it."""

from __future__ import annotations

from pathlib import Path

from minicloud import server


def test_a_console_that_is_too_long_keeps_its_end_and_goes_on(tmp_path: Path) -> None:
    console = tmp_path / "console.log"
    with console.open("a") as writer:
        writer.write("first words\n" + "x" * server.CONSOLE_LIMIT + "\nlast words\n")
        writer.flush()
        server.bound_console(tmp_path)
        assert console.stat().st_size < server.CONSOLE_KEPT + 100
        writer.write("and more\n")
    text = console.read_text()
    assert text.startswith("[the console was too long")
    assert text.endswith("last words\nand more\n")


def test_a_console_that_is_short_or_not_there_is_left_alone(tmp_path: Path) -> None:
    server.bound_console(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "console.log").write_text("words\n")
    server.bound_console(tmp_path)
    assert (tmp_path / "console.log").read_text() == "words\n"
