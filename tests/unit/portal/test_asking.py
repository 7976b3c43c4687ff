"""The form's fields come from the request's schema, and go back into its shape."""

from __future__ import annotations

from heat_templates import schema
from portal.web import asking


def test_all_that_a_person_may_ask_for_has_a_field() -> None:
    fields = asking.form_fields()
    for name in set(schema.request()["properties"]) - set(asking.FIRST):
        assert any(path == name or path.startswith(f"{name}.") for path in fields), name
    assert all(field.label and field.help_text and not field.required for field in fields.values())


def test_what_is_left_empty_is_not_asked_for() -> None:
    assert asking.asked(dict.fromkeys(asking.form_fields(), "")) == {}
    assert asking.asked({"gpus": None, "spread": False}) == {}


def test_paths_become_nested_fields_and_lines_become_lists_and_settings() -> None:
    assert asking.asked(
        {
            "hdfs.storage": "volumes",
            "hdfs.volume_gb": 5,
            "gpus": 0,
            "settings.hadoop": "dfs.blocksize=64m\n dfs.x   y z \nnothing",
            "python_packages": " a \n\nb",
        }
    ) == {
        "hdfs": {"storage": "volumes", "volume_gb": 5},
        "gpus": 0,
        "settings": {"hadoop": {"dfs.blocksize": "64m", "dfs.x": "y z", "nothing": ""}},
        "python_packages": ["a", "b"],
    }


def test_a_fault_finds_the_field_that_holds_it() -> None:
    fields = asking.form_fields()
    assert asking.place("hdfs.storage", fields) == ("hdfs.storage", "")
    assert asking.place("python_packages.1", fields) == ("python_packages", "1")
    assert asking.place("settings.spark.spark.ui.port", fields) == ("settings.spark", "spark.ui.port")
    assert asking.place("network", fields) == (None, "network")
