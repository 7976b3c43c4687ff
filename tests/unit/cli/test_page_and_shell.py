"""The line for a shell that the page shows asks for the same as the page's call of the API."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.paths import TOP
from portal.clusters.wishes import FolderUse, Wish
from portal.web import as_call
from tests.unit.cli.shapes import CLUSTER_ID, COURSE, FOLDER_ID, OTHER_ID, cluster, page

SIZE: dict[str, Any] = {"framework": "spark", "workers": 3, "flavor": "medium", "hours": 2}
WISHES = [
    Wish(course=COURSE["id"], name="it's $HOME `x`", **SIZE),
    Wish(course=COURSE["id"], name="--yes", **SIZE),
    Wish(course=COURSE["id"], name="of a profile", **SIZE, profile=OTHER_ID),
    Wish(
        course=COURSE["id"],
        name="東京",
        **SIZE,
        folders=(FolderUse(FOLDER_ID, "/data/x", "ro"), FolderUse(OTHER_ID, "", "rw")),
        more={"settings": {"spark": {"spark.x": "it's"}}, "python_packages": ["scipy==1.14.1"]},
    ),
]


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: str(wish.name))
def test_it_is_what_a_real_bash_makes_of_it(server: Any, home: Path, tmp_path: Path, wish: Wish) -> None:
    program = tmp_path / "slipway"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={TOP} exec {sys.executable} -P -m cli.slipway_client "$@"\n')
    program.chmod(0o755)
    server.will_answer(200, page(COURSE))
    if wish.profile:
        server.will_answer(200, page({"id": OTHER_ID, "name": "lecture"}))
    server.will_answer(202, cluster("creating"))
    line = as_call.command(wish, COURSE["name"])
    done = subprocess.run(["bash", "--norc", "-c", f"PATH={tmp_path}:$PATH; {line}"], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert CLUSTER_ID in done.stdout.decode()
    told = as_call.request_of(wish)
    for use in told.get("folders", ()):
        use.setdefault("access", "rw")
    asked = json.loads(server.calls[-1].body)
    for use in asked.get("folders", ()):
        use.setdefault("access", "rw")
    assert asked == told
