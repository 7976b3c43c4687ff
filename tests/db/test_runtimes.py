"""What the machines of a site are, from a request to its stack's template and to a change."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from heat_templates import ClusterSpec, render
from portal.accounts.models import User
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from tests.db.conftest import problem
from tests.db.resizing import Api, now, send
from tests.db.runtimes import become
from tests.db.test_create import post
from tests.recorded_cloud import recorded_cloud


def test_a_site_of_servers_says_nothing_of_sizes(api: Api, alice: User, wish: Wish) -> None:
    assert post(api(alice), wish).status_code == 202
    spec = Cluster.objects.get().spec
    assert (spec["runtime"], spec["size"], spec["master_size"]) == ("nova", None, None)


@pytest.mark.parametrize(("runtime", "kind"), [("nova-docker", "OS::Nova::Server"), ("zun", "OS::Zun::Container")])
def test_a_site_of_containers_makes_them_of_its_flavors_sizes(
    runtime: str, kind: str, api: Api, alice: User, wish: Wish, settings: Any
) -> None:
    become(settings, runtime)
    assert post(api(alice), wish, master_flavor="medium").status_code == 202
    cluster = Cluster.objects.get()
    spec = ClusterSpec.from_mapping(cluster.spec)
    assert spec.size is not None
    assert spec.master_size is not None
    assert (spec.size.vcpus, spec.size.memory_mb) == (1, 1536)
    assert (spec.master_size.vcpus, spec.master_size.memory_mb) == (2, 3072)
    assert (spec.image, cluster.vcpus) == ("node", 4)
    assert f"type: {kind}" in render(spec).template


def test_a_flavor_that_is_unknown_is_the_only_fault(api: Api, alice: User, wish: Wish, settings: Any) -> None:
    become(settings, "zun")
    answer = post(api(alice), wish, flavor="huge", master_flavor="huge")
    assert set(problem(answer)["errors"]) == {"flavor", "master_flavor"}


def test_a_cluster_stays_what_it_is_when_the_site_becomes_another(
    api: Api, alice: User, wish: Wish, ready: Cluster, settings: Any
) -> None:
    become(settings, "zun")
    assert send(api(alice), ready, "resize", {"workers": 3}).status_code == 202
    assert now(ready).spec["runtime"] == "nova"


def test_a_cluster_of_nova_docker_can_be_changed(api: Api, alice: User, ready: Cluster, settings: Any) -> None:
    become(settings, "nova-docker", ready)
    assert send(api(alice), ready, "resize", {"workers": 3}).status_code == 202


def test_what_zuns_containers_cannot_is_refused_before_anything_is_done(
    api: Api, browser: Callable[[User], Client], alice: User, ready: Cluster, settings: Any
) -> None:
    become(settings, "zun", ready)
    for verb, body in (("resize", {"workers": 3}), ("resize", {"remove": ["worker-01"]}), ("repair", {})):
        answer = send(api(alice), ready, verb, body)
        assert (answer.status_code, "this cloud (Zun) would make all of them anew" in problem(answer)["detail"]) == (
            409,
            True,
        )
        assert "Create a new cluster" in problem(answer)["next"]
    assert (now(ready).status, now(ready).generation) == (Status.READY, 1)
    page = browser(alice).get(f"/clusters/{ready.pk}").content.decode()
    assert "this cloud (Zun) would make all of them anew" in page
    assert f"/clusters/{ready.pk}/resize" not in page
    assert f"/clusters/{ready.pk}/repair" not in page


def test_only_images_that_the_sites_machines_can_have_are_offered(
    browser: Callable[[User], Client], alice: User, settings: Any
) -> None:
    def offered(name: str) -> bool:
        return f'value="{name}"' in page

    page = browser(alice).get("/").content.decode()
    assert offered("node")
    become(settings, "nova-docker")
    page = browser(alice).get("/").content.decode()
    assert (offered("node"), offered("machine")) == (True, False)


def test_what_the_sites_machines_cannot_is_not_on_the_form_but_a_fault_of_it_is_seen(
    browser: Callable[[User], Client], alice: User, course: Course, settings: Any
) -> None:
    page = browser(alice)
    assert 'name="scratch.size_gb"' in page.get("/").content.decode()
    become(settings, "zun")
    form = page.get("/").content.decode()
    assert 'name="master_flavor"' in form
    lacking = ("scratch.size_gb", "gpus", "key_pair", "spread", "availability_zone", "hdfs.storage", "hdfs.volume_gb")
    assert [name for name in lacking if f'name="{name}"' in form] == []
    sent = {"course": course.pk, "name": "a", "framework": "spark", "workers": 1, "flavor": "small", "hours": 1}
    refused = page.post("/clusters/create", {**sent, "gpus": 1}).content.decode()
    assert "containers of Zun have no devices" in refused


def test_doctor_looks_for_what_the_sites_runtime_needs(settings: Any) -> None:
    settings.RUNTIME = "zun"
    out = io.StringIO()
    with recorded_cloud({}) as cloud:
        settings.CLOUD = cloud.connection
        with pytest.raises(CommandError):
            call_command("doctor", "--json", stdout=out)
    checks = {check["name"]: check for check in json.loads(out.getvalue())["checks"]}
    assert checks["Zun"]["verdict"] == "failed"
