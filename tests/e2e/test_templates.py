"""The golden templates, judged by Heat's own engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from heatclient import exc
from keystoneauth1 import adapter, session
from keystoneauth1.identity import v3

from heat_templates.runtimes import RUNTIMES
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


@pytest.mark.parametrize("name", sorted(set(GOLDEN) - set(REFUSED) - {"zun"}))
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


def test_heat_hides_zuns_containers_where_the_cloud_has_no_zun(house: Embedded) -> None:
    template = GOLDEN["zun"].read_text()
    with pytest.raises(exc.HTTPBadRequest, match="OS::Zun::Container"):
        heat(house, "demo").stacks.preview(stack_name="x", template=template, parameters=parameters(template))


@pytest.fixture
def with_zun(house: Embedded) -> Iterator[None]:
    """The cloud's catalogue names a Zun. Heat asks no more of it to judge a template; to make a container it would."""
    settings = json.loads((house.home / "minicloud" / "settings.json").read_text())
    cloud = json.loads((house.home / "minicloud" / "cloud.json").read_text())
    auth = v3.Password(
        auth_url=cloud["auth_url"],
        username="keystone-admin",
        password=settings["admin_password"],
        project_name="admin",
        user_domain_name="Default",
        project_domain_name="Default",
    )
    keystone = adapter.Adapter(session.Session(auth), service_type="identity", version="3")
    service = keystone.post("/services", json={"service": {"type": "container", "name": "zun"}}).json()["service"]
    endpoint = {"service_id": service["id"], "region_id": cloud["region"], "url": "http://127.0.0.1:9/v1"}
    try:
        for interface in ("public", "internal", "admin"):
            keystone.post("/endpoints", json={"endpoint": {**endpoint, "interface": interface}})
        yield
    finally:
        keystone.delete(f"/services/{service['id']}")  # and with it its endpoints


@pytest.mark.usefixtures("with_zun")
def test_heats_engine_takes_zuns_containers_as_we_write_them(house: Embedded) -> None:
    stacks, template = heat(house, "demo").stacks, GOLDEN["zun"].read_text()
    assert set(stacks.validate(template=template, parameters=parameters(template))["Parameters"]) == {
        "image", "external_network", "cluster_secret", "node_credentials"
    }  # fmt: skip
    preview = stacks.preview(stack_name="x", template=template, parameters=parameters(template))
    assert {each["resource_name"] for each in preview.resources} == set(yaml.safe_load(template)["resources"])
    (master,) = (each for each in preview.resources if each["resource_name"] == "master")
    assert (master["resource_type"], master["properties"]["memory"]) == ("OS::Zun::Container", 8192)
    facts = json.loads(master["properties"]["environment"]["SLIPWAY_FACTS"])
    assert facts["node"] == {"name": "master", "role": "master", "vcpus": 4}


@pytest.mark.usefixtures("with_zun")
def test_heat_makes_a_container_anew_for_other_facts_so_that_a_cluster_of_them_stays_as_it_is(house: Embedded) -> None:
    properties = heat(house, "demo").resource_types.get("OS::Zun::Container")["properties"]
    changeable = {name for name, schema in properties.items() if schema["update_allowed"]}
    assert changeable == {"name", "cpu", "memory", "networks"}
    assert RUNTIMES["zun"].fixed


@pytest.mark.usefixtures("with_zun")
@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ("memory: 4096", "memory: much", "much"),
        ("image_driver: glance", "image_driver: nfs", "nfs"),
        ("image_pull_policy: ifnotpresent", "user_data: x", "user_data"),
        ("networks: [{port: {get_resource: worker-01-port}}]", "networks: [{fixed_ip: 10.0.0.1}]", "network"),
    ],
)
def test_heats_engine_judges_the_properties_of_zuns_containers(
    right: str, wrong: str, why: str, house: Embedded
) -> None:
    template = GOLDEN["zun"].read_text()
    assert right in template
    with pytest.raises(exc.HTTPBadRequest, match=why):
        heat(house, "demo").stacks.preview(
            stack_name="x", template=template.replace(right, wrong), parameters=parameters(template)
        )


def test_heat_would_refuse_a_wrong_one(house: Embedded) -> None:
    right = GOLDEN["spark-1"].read_text()
    wrong = right.replace("user_data_update_policy: IGNORE", "user_data_update_policy: FORGET")
    with pytest.raises(exc.HTTPBadRequest, match="FORGET"):
        heat(house, "demo").stacks.preview(stack_name="x", template=wrong, parameters=parameters(right))
