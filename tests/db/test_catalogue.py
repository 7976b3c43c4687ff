"""Imports of the catalogue, and what they say of the change."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from portal.cloud import catalogue
from portal.cloud.models import Flavor

DOCUMENT: dict[str, Any] = {
    "flavors": [
        {"name": "small", "vcpus": 1, "memory_mb": 2048, "disk_gb": 4},
        {"name": "gpu", "vcpus": 8, "memory_mb": 65536, "disk_gb": 80, "gpus": 1},
    ],
    "images": [{"name": "node", "framework": "spark", "bundle_version": "1-abcdef012345", "architecture": "x86_64"}],
}


def run(tmp_path: Path, document: object, *options: str) -> str:
    file = tmp_path / "catalogue.json"
    file.write_text(json.dumps(document))
    out = io.StringIO()
    call_command("import_catalogue", str(file), *options, stdout=out)
    return out.getvalue()


def test_an_import_says_what_came_what_went_and_what_changed(tmp_path: Path) -> None:
    said = run(tmp_path, DOCUMENT)
    assert "+ flavor gpu: vcpus 8, memory_mb 65536, disk_gb 80, gpus 1" in said
    assert "- flavor medium" in said
    assert "~ flavor small: memory_mb 1536 -> 2048" in said
    assert "image" not in said.rpartition("The catalogue is")[0]
    assert "no changes" in run(tmp_path, DOCUMENT)


def test_a_dry_run_says_the_same_and_changes_nothing(tmp_path: Path) -> None:
    before = catalogue.document()
    assert "~ flavor small: memory_mb 1536 -> 2048" in run(tmp_path, DOCUMENT, "--dry-run")
    assert catalogue.document() == before


def test_what_is_no_catalogue_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    before = catalogue.document()
    for wrong in (
        {"flavors": []},
        {**DOCUMENT, "flavors": [{"name": "x", "colour": 1}]},
        [],
        {**DOCUMENT, "images": 3},
    ):
        with pytest.raises(CommandError, match="not a catalogue"):
            run(tmp_path, wrong)
    assert catalogue.document() == before


def test_where_the_cloud_does_not_answer_the_catalogue_stays_and_the_next_step_is_named() -> None:
    with pytest.raises(CommandError, match="doctor --cloud"):
        call_command("import_catalogue")
    assert Flavor.objects.count() == 2
