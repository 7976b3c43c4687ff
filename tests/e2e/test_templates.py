"""The golden templates, judged by Heat's own engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from heatclient import exc

from launcher.testing import Embedded
from tests.e2e.remains import heat

GOLDEN = {path.stem: path for path in (Path(__file__).parents[1] / "unit" / "heat_templates" / "golden").glob("*.yaml")}
VALUES = {
    "flavor": "small",
    "master_flavor": "medium",
    "image": "slipway-spark",
    "network": "campus",
    "external_network": "campus",
    "share_type": "nfs",
    "cluster_secret": "s",
    "node_credentials": "{}",
}
# What the embedded cloud has not, and says so before anything is made.
REFUSED = {"volumes": "This cloud has no volume types", "floating-ip": "There is no key pair mine"}


def parameters(template: str) -> dict[str, str]:
    declared: dict[str, Any] = yaml.safe_load(template)["parameters"]
    given = {"volume_type": "fast", "key_pair": "mine", "floating_network": "campus", **VALUES}
    return {name: given[name] for name in declared if name in given}


@pytest.mark.parametrize("name", sorted(set(GOLDEN) - set(REFUSED)))
def test_heat_takes_it(name: str, house: Embedded) -> None:
    template = GOLDEN[name].read_text()
    stacks = heat(house, "demo").stacks
    answer = stacks.validate(template=template, parameters=parameters(template))
    assert answer["Parameters"]["cluster_secret"]["NoEcho"] == "true"
    assert answer["Parameters"]["node_credentials"]["NoEcho"] == "true"
    preview = stacks.preview(stack_name="x", template=template, parameters=parameters(template))
    assert {each["resource_name"] for each in preview.resources} == set(yaml.safe_load(template)["resources"])


@pytest.mark.parametrize(("name", "why"), REFUSED.items())
def test_what_this_cloud_has_not_heat_refuses_by_name(name: str, why: str, house: Embedded) -> None:
    template = GOLDEN[name].read_text()
    with pytest.raises(exc.HTTPBadRequest, match=why):
        heat(house, "demo").stacks.preview(stack_name="x", template=template, parameters=parameters(template))


def test_heat_would_refuse_a_wrong_one(house: Embedded) -> None:
    right = GOLDEN["spark-1"].read_text()
    wrong = right.replace("user_data_update_policy: IGNORE", "user_data_update_policy: FORGET")
    with pytest.raises(exc.HTTPBadRequest, match="FORGET"):
        heat(house, "demo").stacks.preview(stack_name="x", template=wrong, parameters=parameters(right))
