"""Images without the bundle: which one a cluster takes, and the bundle that the portal serves for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from heat_templates.runtimes import RUNTIMES
from portal.cloud.catalogue import FETCHED
from portal.cloud.models import Image
from portal.clusters.offers import choose_image
from portal.software import Software

pytestmark = pytest.mark.django_db


def image(name: str, version: str) -> Image:
    return Image(name=name, framework="spark", bundle_version=version, architecture="x86_64")


def test_an_image_with_the_bundle_is_preferred_to_one_without() -> None:
    bundles = ["1-abc", FETCHED]
    assert choose_image([image("bare", FETCHED)], ["1-abc"], "spark", RUNTIMES["nova"]) is None
    for whole, chosen in (("1-aaa", "a bare one"), ("1-abc", "whole")):
        found = choose_image([image("a bare one", FETCHED), image("whole", whole)], bundles, "spark", RUNTIMES["nova"])
        assert getattr(found, "name", None) == chosen


def test_the_portal_serves_its_bundle_by_its_sum_alone(settings: Any, client: Client, tmp_path: Path) -> None:
    file = tmp_path / "bundle"
    file.write_bytes(b"a bundle" * 100_000)
    settings.SOFTWARE = Software("http://portal.test:8000/node/v1/software/0123abc", "0" * 128, file)
    answer = client.get("/node/v1/software/0123abc")
    assert b"".join(answer.streaming_content) == file.read_bytes()  # type: ignore[attr-defined]
    assert client.get("/node/v1/software/0123abd").status_code == 404
    assert client.post("/node/v1/software/0123abc").status_code == 405


def test_a_mirrors_bundle_is_not_the_portals_to_serve(settings: Any, client: Client) -> None:
    settings.SOFTWARE = Software("https://mirror.test/bundle", "0" * 128)
    assert client.get("/node/v1/software/bundle").status_code == 404
    settings.SOFTWARE = None
    assert client.get("/node/v1/software/bundle").status_code == 404
