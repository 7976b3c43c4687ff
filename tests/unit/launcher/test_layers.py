"""The image of nodes that are containers: what is sent to the engine, and when which of its layers is made anew."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from launcher.console import Console
from launcher.engine import Engine
from launcher.image import layers
from launcher.problem import Problem

PARTS = ("spark", "hadoop", "java", "job-python", "node-python", "namespace", "archives")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle as its builder lays it out."""
    folder = tmp_path / "cache/bundle/1-abc"
    (folder / "bin").mkdir(parents=True)
    for name in PARTS:
        part = tmp_path / f"cache/parts/{name}-123"
        part.mkdir(parents=True)
        (part / "file").write_text(name)
        (folder / name).symlink_to(f"../../parts/{name}-123")
    (folder / "VERSION").write_text("1-abc\n")
    (folder / "slipway-node.pyz").write_text("the node program")
    (folder / "bin/slipway-node").write_text("#!/bin/sh\n")
    return folder


def context(entries: list[layers.Entry], links: dict[str, str]) -> tarfile.TarFile:
    stream = io.BytesIO()
    layers.write_context(entries, links, stream)
    stream.seek(0)
    return tarfile.open(fileobj=stream)


def test_the_software_has_all_parts_but_the_archives_which_the_image_makes_itself(bundle: Path) -> None:
    found = context(layers.software_context(bundle), {}).getnames()
    assert "spark/spark-123/file" in found
    assert "job-python/job-python-123/file" in found
    assert not [name for name in found if name.startswith("archives")]
    assert "code/cloudinit/bundle/in_place.py" in found
    assert "Dockerfile" in found


def test_what_is_sent_is_roots_and_begins_with_a_plain_entry(bundle: Path) -> None:
    archive = context(layers.node_context(bundle), {"opt/slipway": "there"})
    assert {(entry.uid, entry.gid) for entry in archive.getmembers()} == {(0, 0)}
    # docker's client looks at the first 512 bytes to see whether it is given a tar.
    assert archive.getmembers()[0].name == "Dockerfile"
    assert archive.getmembers()[0].offset_data == 512


def test_the_node_program_stands_beside_links_to_all_parts(bundle: Path) -> None:
    archive = context(layers.node_context(bundle), layers.places(bundle))
    found = {entry.name: entry for entry in archive.getmembers()}
    assert "bundle/1-abc/slipway-node.pyz" in found
    assert "bundle/1-abc/bin/slipway-node" in found
    assert found["bundle/1-abc/spark"].linkname == "../links/spark"
    assert found["bundle/1-abc/archives"].linkname == "../links/archives"
    assert found["opt/slipway"].linkname == "slipway-store/bundle/1-abc"
    assert found["tree/usr/local/sbin/slipway-server"].mode & 0o111
    # The same settings of cloud-init as in Glance's image, and a container's own over them.
    settings = sorted(name.rpartition("/")[2] for name in found if "cloud.cfg.d/" in name)
    assert settings == ["90-slipway.cfg", "95-container.cfg"]


def test_a_new_node_program_does_not_make_the_software_anew(bundle: Path) -> None:
    before = layers.software_name(bundle)
    newer = bundle.with_name("1-def")
    bundle.rename(newer)
    (newer / "slipway-node.pyz").write_text("another node program")
    assert layers.software_name(newer) == before
    (newer / "spark").unlink()
    (bundle.parent.parent / "parts/spark-456").mkdir()
    (newer / "spark").symlink_to("../../parts/spark-456")
    assert layers.software_name(newer) != before


def test_without_a_registry_and_root_it_says_how_the_engine_gets_a_debian(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(layers.os, "geteuid", lambda: 1000)
    with Console().step("image") as step, pytest.raises(Problem, match="no Debian to begin with") as refused:
        layers.base(Engine("unix:///nowhere/docker.sock"), tmp_path, step)
    assert "docker import - slipway-debian:bookworm" in refused.value.next_step
