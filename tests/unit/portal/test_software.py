"""The bundle for images without one: a file that the portal serves, or a mirror's address."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal import software

SUM = "0123456789abcdef" * 8
NODE_URL = "http://10.99.0.1:8000"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    file = tmp_path / "bundle.tar.zst"
    file.write_bytes(b"a bundle")
    file.with_name("bundle.tar.zst.sha512").write_text(f"{SUM}  bundle.tar.zst\n")
    return file


def test_without_a_word_nothing_is_fetched() -> None:
    assert software.read("", "", NODE_URL) is None


def test_a_file_is_served_by_the_portal_under_its_sum(archive: Path) -> None:
    found = software.read(str(archive), "", NODE_URL)
    assert found == software.Software(f"{NODE_URL}/node/v1/software/{SUM[:32]}", SUM, archive)


def test_a_mirror_is_named_with_its_sum() -> None:
    found = software.read("https://mirror.test/bundle.tar.zst", SUM, NODE_URL)
    assert found == software.Software("https://mirror.test/bundle.tar.zst", SUM)


@pytest.mark.parametrize(
    ("place", "total", "named"),
    [
        ("/nowhere/bundle", "", "SLIPWAY_SOFTWARE"),
        ("https://mirror.test/bundle", "", "SLIPWAY_SOFTWARE_SHA512"),
        ("https://mirror.test/bundle", SUM.upper(), "SLIPWAY_SOFTWARE_SHA512"),
    ],
)
def test_what_is_wrong_is_named(place: str, total: str, named: str) -> None:
    with pytest.raises(software.WrongSoftware) as refused:
        software.read(place, total, NODE_URL)
    assert set(refused.value.wrong) == {named}


def test_a_file_without_a_sum_is_refused(archive: Path) -> None:
    archive.with_name("bundle.tar.zst.sha512").unlink()
    with pytest.raises(software.WrongSoftware, match="--without-bundle"):
        software.read(str(archive), "", NODE_URL)
