"""What the guards find of Heat's and Nova's limits."""

from __future__ import annotations

from typing import Any

import pytest

from heat_templates import limits
from heat_templates.lint import lint
from heat_templates.lint.numbers import least_bytes
from tests.unit.heat_templates.linting import found, one, server, template, value


def test_the_limits_of_heat_hold() -> None:
    networks = {f"net-{number}": {"type": "OS::Neutron::Net"} for number in range(limits.RESOURCES)}
    assert found(networks) == []
    assert found(networks | {"one": value(1)}) == ["resources: there are 1001 resources"]
    text = template({"one": value("x" * limits.TEMPLATE_BYTES)})
    assert [finding.what for finding in lint(text)] == [f"the template has {len(text)} bytes"]
    # Bytes count, not characters.
    assert lint("#" + "ü" * (limits.TEMPLATE_BYTES // 2))[0].what.endswith(f"{limits.TEMPLATE_BYTES + 1} bytes")


@pytest.mark.parametrize(
    ("timeout", "good"),
    [(43_200, True), ("43200", True), (1, True), (43_201, False), (0, False), ("1e9", False), ("soon", False),
     ({"get_param": "patience"}, False), ({"get_param": "given"}, True)],
)  # fmt: skip
def test_a_wait_that_heat_would_refuse_is_found(timeout: Any, good: bool) -> None:
    parameters = {"patience": {"type": "number", "default": 50_000}, "given": {"type": "number"}}
    wait = {"type": "OS::Heat::WaitCondition", "properties": {"timeout": timeout}}
    assert bool(found({"ready": wait}, parameters=parameters)) is not good


def test_the_limits_of_nova_hold() -> None:
    assert found({"a": server(name="n" * 53, metadata={"k" * 255: "v" * 255})}) == []
    assert found({"a": server(name="n" * 54)}) == ["resources.a.properties.name: the server's name has 54 characters"]
    assert "the value has 256" in one({"a": server(metadata={"k": "v" * 256})}).what
    assert "the key has 256" in one({"a": server(metadata={"k" * 256: "v"})}).what
    # 65,535 characters of base64 are 49,149 bytes.
    assert found({"a": server(user_data="x" * 49_149)}) == []
    assert "49150 bytes" in one({"a": server(user_data="x" * 49_150)}).what
    assert "49150 bytes" in one({"a": server(user_data="ü" * 24_575)}).what


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (None, 0), ("ü", 2), (12, 2), ({"get_attr": ["a", "b"]}, 0), ({"get_file": "x"}, 0),
        ({"str_replace": {"template": "$a-$a", "params": {"$a": "four"}}}, 9),
        ({"str_replace": {"template": "$a", "params": {"$a": {"get_param": "x"}}}}, 0),
        # JSON, and non-ASCII characters are escaped in it.
        ({"str_replace": {"template": "<$a>", "params": {"$a": {"k": "ü"}}}}, len('<{"k": "\\u00fc"}>')),
        ({"str_replace": {"template": "<$a>", "params": {"$a": {"k": {"get_param": "x"}, "l": [1]}}}}, 20),
        ({"list_join": ["", ["ab", {"get_param": "x"}, "c"]]}, 3),
        ({"str_replace": "wrong"}, 0), ({"list_join": "wrong"}, 0),
    ],
)  # fmt: skip
def test_the_size_of_user_data_is_counted_as_far_as_it_is_known(content: Any, size: int) -> None:
    assert least_bytes(content) == size


def test_the_size_of_user_data_counts_where_its_text_is_a_parameter() -> None:
    text = {"str_replace": {"template": {"get_param": "text"}, "params": {"$facts": "x" * 100}}}
    long = {"text": {"type": "string", "default": "$facts" * (limits.USER_DATA_BYTES // 100 + 1)}}
    assert "user_data has" in one({"s": server(user_data=text)}, parameters=long).what
