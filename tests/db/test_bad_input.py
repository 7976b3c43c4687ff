"""docs/bad-input.md, row by row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.courses.models import Course
from portal.folders.models import Folder
from portal.jobs.models import Job
from tests.db.conftest import problem
from tests.db.runtimes import become

TABLE = Path(__file__).parents[2] / "docs" / "bad-input.md"


def rows() -> list[Any]:
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")][1:]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [pytest.param(*row[1:5], id=row[0]) for row in cells]


@pytest.mark.parametrize(("request_line", "change", "status", "says"), rows())
def test_it_answers_as_the_table_says(
    request_line: str, change: str, status: str, says: str,
    api: Callable[[User], Client], alice: User, bob: User, course: Course, ready: Cluster, creating: Cluster, job: Job,
    folder: Folder, settings: Any,
) -> None:  # fmt: skip
    method, path, *runtime = request_line.split()
    if runtime:
        become(settings, runtime[0].strip("()"), ready)
    path = path.replace("READY", str(ready.pk)).replace("CREATING", str(creating.pk)).replace("JOB", str(job.pk))
    of_course = path.startswith("/api/v1/courses")
    path = path.replace("COURSE", str(course.pk))
    path, change = path.replace("FOLDER", str(folder.pk)), change.replace("FOLDER", str(folder.pk))
    answer = ask(api(bob if of_course else alice), method, path, change, course)
    assert answer.status_code == int(status), answer.content
    if answer.status_code >= 400:
        assert says in problem(answer)["detail"]


def ask(client: Client, method: str, path: str, change: str, course: Course) -> Any:
    if method != "POST":
        return client.generic(method, path, change, content_type="application/json")
    if path.endswith("/jobs"):
        return client.post(path, form(change))
    if path.endswith(("/resize", "/repair", "/extend", "/on-end")) or path.startswith("/api/v1/courses"):
        return client.post(path, change, content_type="application/json")
    right: dict[str, Any] = {
        "course": str(course.pk),
        "name": "flights",
        "framework": "spark",
        "workers": 2,
        "flavor": "small",
        "hours": 4,
    }
    if path.endswith("/folders"):
        right = {"course": str(course.pk), "name": "data", "size_gb": 1}
    elif path.endswith("/grow"):
        right = {"size_gb": 9}
    try:
        body = json.dumps({**right, **json.loads(change)})
    except ValueError:
        body = change
    return client.post(path, body, content_type="application/json")


def form(text: str) -> dict[str, Any]:
    application, arguments, files = (part.strip() for part in text.split(";"))
    fields: dict[str, Any] = {"arguments": arguments}
    if application:
        fields["application"] = SimpleUploadedFile(application, b"print(1)")
    if files:
        fields["files"] = [Upload(name.strip()) for name in files.split(",")]
    return fields


class Upload(SimpleUploadedFile):
    """A file whose name goes over the wire as a hostile client would send it."""

    def __init__(self, name: str) -> None:
        super().__init__("x", b"x")
        self._name = name
