"""What the guards find of types and references that do not exist."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.heat_templates.linting import found, one, value


def test_an_unknown_type_is_found_with_what_was_meant() -> None:
    assert "OS::Nova::Server?" in one({"a": {"type": "OS::Nova::Sever"}}).remedy
    for kind in ("OS::Heat::ResourceGroup", "node.yaml", "AWS::EC2::SecurityGroup", ["OS::Nova::Server"]):
        assert "unknown resource type" in one({"a": {"type": kind}}).what
    assert one({"a": {}}).what == "the resource has no type"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ({"get_param": "flavour"}, "there is no parameter flavour"),
        ({"get_param": ["flavour", "name"]}, "there is no parameter flavour"),
        ({"get_resource": "matser"}, "there is no resource matser"),
        ({"get_attr": ["matser", "name"]}, "there is no resource matser"),
        ({"get_param": []}, "there is no parameter []"),
        ({"get_param": {}}, "there is no parameter {}"),
    ],
)
def test_a_reference_to_nothing_is_found(reference: Any, says: str) -> None:
    resources = {"a": value({"deep": [{"list_join": [",", [reference]]}]}), "master": value(1)}
    finding = one(resources, parameters={"flavor": {"type": "string"}})
    assert finding.what == says
    assert finding.where == "resources.a.properties.value.deep[0].list_join[1][0]"
    assert says in found({}, outputs={"o": {"value": reference}})[0]


def test_references_that_are_good_pass() -> None:
    good = [{"get_param": "OS::stack_id"}, {"get_param": {"get_attr": ["a", "x"]}}, {"get_resource": "a"}]
    assert found({"a": value(1), "b": value(good) | {"depends_on": ["a"]}}) == []
    assert "no resource c" in one({"b": value(1) | {"depends_on": ["c"]}}).what
