"""The command that looks at a cloud, with the roster at hand."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.recorded_cloud import recorded_cloud


def test_a_cloud_that_is_down_fails_with_what_to_do() -> None:
    out = io.StringIO()
    with pytest.raises(CommandError, match="not ready"):
        call_command("doctor", stdout=out)
    assert "failed   Keystone" in out.getvalue()
    assert "OS_AUTH_URL" in out.getvalue()


def test_the_rosters_courses_are_looked_for_and_json_is_for_programs(settings: Any) -> None:
    out = io.StringIO()
    with recorded_cloud({}) as cloud:
        settings.CLOUD = cloud.connection
        with pytest.raises(CommandError):
            call_command("doctor", "--json", "--workers", "3", stdout=out)
    said = json.loads(out.getvalue())
    assert said["good"] is False
    assert any("Demo course" in check["text"] for check in said["checks"])


def test_a_flavor_that_is_not_there_is_named_with_those_that_are(settings: Any) -> None:
    flavor = {"id": "1", "name": "m1.small", "vcpus": 1, "ram": 1024, "disk": 4}
    answers = {"compute /flavors/detail": (200, {"flavors": [flavor]}), "image /images": (200, {"images": []})}
    with recorded_cloud(answers, ("compute", "image")) as cloud:
        settings.CLOUD = cloud.connection
        with pytest.raises(CommandError, match=r"there is m1\.small"):
            call_command("doctor", "--flavor", "huge")
