"""The table of passes names tasks that there are."""

from __future__ import annotations

from django.utils.module_loading import import_string

from portal.beat import PASSES


def test_each_pass_is_a_task_of_its_name() -> None:
    assert {import_string(task).name for task in PASSES} == set(PASSES)
