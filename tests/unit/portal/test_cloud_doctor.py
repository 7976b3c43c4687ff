"""Verdicts on a cloud: each kind of trouble has its line, with what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

import heat_templates
from heat_templates.lint.types import KNOWN
from portal.cloud import doctor, quotas
from portal.cloud.doctor import Check
from portal.cloud.findings import Facts, Probe, Project, Promise, Wanted
from portal.cloud.quotas import Room

NEEDS = {"instances": 3, "cores": 3, "security groups": 1, "stacks": 1}
WANTED = Wanted(
    clusters=10,
    shape="1+2 small",
    needs=NEEDS,
    resource_types=frozenset({"OS::Nova::Server", "OS::Neutron::Port"}),
    framework="spark",
    bundles=("1-abc",),
    memory_mb=1024,
    network="campus",
    node_url="https://portal.example",
    boot_seconds=900,
)
COURSE = Project(
    "p1",
    "course-a",
    frozenset({"member", "heat_stack_owner"}),
    {"instances": Room(40, 4), "cores": Room(-1), "security groups": Room(100, 1), "stacks": Room(512, 1)},
)
GOOD = Facts(
    auth_url="https://cloud.example:5000/v3",
    username="slipway",
    clock_skew=0.4,
    token_seconds=14400,
    services={kind: f"https://cloud.example/{kind}" for kind, _, _ in doctor.SERVICES},
    resource_types=frozenset(KNOWN),
    catalogue={
        "flavors": [{"name": "small", "vcpus": 1, "memory_mb": 2048}],
        "images": [{"name": "node", "framework": "spark", "bundle_version": "1-abc"}],
        "share_types": [{"name": "nfs"}],
    },
    networks={"campus": 1},
    projects=(COURSE,),
    courses={"p1": "Course A"},
    probe=Probe(41),
)


def bad(wanted: Wanted = WANTED, **changes: Any) -> list[Check]:
    checks = doctor.judge(replace(GOOD, **changes), wanted, KNOWN)
    found = [check for check in checks if check.verdict != doctor.OK]
    assert all(check.next_step for check in found), "each trouble has a next step"
    return found


def one(wanted: Wanted = WANTED, **changes: Any) -> Check:
    (check,) = bad(wanted, **changes)
    return check


def test_a_cloud_in_good_order_has_nothing_but_ok() -> None:
    assert bad() == []
    assert doctor.is_good(doctor.judge(GOOD, WANTED, KNOWN))


def test_where_nobody_comes_in_there_is_one_line() -> None:
    check = one(log_in="user, password or domain is wrong", log_in_step="correct them")
    assert (check.name, check.verdict) == ("Keystone", "failed")


def test_a_connection_in_the_clear_or_unchecked_is_warned_of() -> None:
    assert "in the clear" in one(auth_url="http://cloud.example:5000/v3").text
    assert "not checked" in one(checked=False).text
    assert bad(auth_url="http://127.0.0.1:5000/v3") == []


@pytest.mark.parametrize(("skew", "verdict"), [(-4, None), (12, "warning"), (-12, "warning"), (90, "failed")])
def test_clocks_that_differ_are_told(skew: float, verdict: str | None) -> None:
    assert [check.verdict for check in bad(clock_skew=skew)] == ([verdict] if verdict else [])


def test_a_token_must_outlive_a_boot() -> None:
    assert one(token_seconds=600).name == "token"


def test_a_service_that_is_needed_fails_and_one_that_is_not_is_told() -> None:
    without = {kind: "x" for kind in GOOD.services if kind not in ("orchestration", "block-storage")}
    heat, cinder = bad(services=without)
    assert (heat.name, heat.verdict) == ("Heat", "failed")
    assert (cinder.name, cinder.verdict) == ("Cinder", "warning")
    assert one(troubles={"network": "timed out"}).text == "timed out"


def test_resource_types_that_every_cluster_needs_must_be_there() -> None:
    assert one(resource_types=frozenset(KNOWN) - {"OS::Nova::Server"}).verdict == "failed"
    assert one(resource_types=frozenset(KNOWN) - {"OS::Cinder::Volume"}).verdict == "warning"


def test_the_service_user_needs_its_roles_and_no_more() -> None:
    check = one(projects=(replace(COURSE, roles=frozenset({"member"})),))
    assert check.next_step == "openstack role add --user slipway --project course-a heat_stack_owner"
    assert one(projects=(replace(COURSE, roles=COURSE.roles | {"admin"}),)).verdict == "warning"
    assert one(projects=(replace(COURSE, trouble="disabled"),)).text == "disabled"
    assert one(projects=(), courses={}).name == "projects"


def test_a_course_in_whose_project_the_service_user_has_no_role_is_named() -> None:
    assert "Course B" in one(courses={"p1": "Course A", "p2": "Course B"}).text


def test_quotas_say_how_many_clusters_there_is_room_for_and_what_ends_first() -> None:
    check = one(projects=(replace(COURSE, rooms={**COURSE.rooms, "instances": Room(20, 4), "cores": Room(8)}),))
    assert check.text == (
        "room for 2 of 10 clusters of 1+2 small: cores: 8 less 0 used, 30 needed; instances: 20 less 4 used, 30 needed"
    )
    assert check.verdict == "warning"
    assert one(projects=(replace(COURSE, rooms={"instances": Room(2)}),)).verdict == "failed"


def test_what_no_service_says_of_its_quotas_is_not_passed_over() -> None:
    checks = doctor.judge(replace(GOOD, projects=(replace(COURSE, rooms={"instances": Room(-1)}),)), WANTED, KNOWN)
    (check,) = (check for check in checks if check.name.startswith("quota"))
    assert (check.verdict, "nothing is said of cores, security groups, stacks" in check.text) == ("ok", True)


def test_an_image_with_another_bundle_is_refused_with_both_versions() -> None:
    image = {"name": "node", "framework": "spark", "bundle_version": "1-old"}
    check = one(catalogue={**GOOD.catalogue, "images": [image]})
    assert check.text == "node has bundle 1-old, and the portal 1-abc"
    assert "./slipway image" in one(catalogue={**GOOD.catalogue, "images": []}).next_step
    without = replace(WANTED, bundles=("1-abc", "fetched"))
    assert bad(without, catalogue={**GOOD.catalogue, "images": [{**image, "bundle_version": "fetched"}]}) == []
    unknown = replace(WANTED, bundles=(doctor.UNKNOWN,))
    assert one(unknown, catalogue={**GOOD.catalogue, "images": [image]}).verdict == "warning"


def test_a_runtime_of_containers_needs_an_image_of_dockers_format_and_machines_need_another() -> None:
    image = {"name": "node", "framework": "spark", "bundle_version": "1-abc"}
    docker = replace(WANTED, runtime="nova-docker")
    check = one(docker)
    assert (check.name, check.verdict) == ("images", "failed")
    assert check.text == "the runtime nova-docker needs one of the container_format docker, and node is not"
    assert "docs/runtimes.md" in check.next_step
    boxes = {**GOOD.catalogue, "images": [{**image, "container": True}]}
    assert bad(docker, catalogue=boxes) == []
    assert "needs one of the container_format another than docker" in one(catalogue=boxes).text
    both = {**GOOD.catalogue, "images": [{**image, "container": True, "bundle_version": "1-old"}, image]}
    assert bad(catalogue=both) == []
    assert "node has bundle 1-old" in one(docker, catalogue=both).text


def test_where_machines_are_zuns_containers_it_must_be_there_and_heat_show_its_type() -> None:
    image = {"name": "node", "framework": "spark", "bundle_version": "1-abc", "container": True}
    zun = replace(WANTED, runtime="zun", resource_types=frozenset({"OS::Zun::Container", "OS::Neutron::Port"}))
    catalogue = {**GOOD.catalogue, "images": [image]}
    hidden = GOOD.resource_types - {"OS::Zun::Container"}
    service, kind = bad(zun, catalogue=catalogue, resource_types=hidden)
    assert (service.name, service.verdict, service.text) == ("Zun", "failed", "the catalogue has no container here")
    assert (kind.verdict, kind.text) == ("failed", "every cluster needs OS::Zun::Container")
    there = {**GOOD.services, "container": "https://cloud.example/container"}
    assert bad(zun, catalogue=catalogue, services=there) == []
    assert any(check.name == "Zun" for check in doctor.judge(replace(GOOD, services=there), zun, KNOWN))


def test_a_cloud_need_not_have_what_its_runtime_has_nothing_of() -> None:
    assert bad(resource_types=GOOD.resource_types - {"OS::Zun::Container"}) == []
    assert one(resource_types=GOOD.resource_types - {"OS::Nova::ServerGroup"}).text.endswith("OS::Nova::ServerGroup")


def test_a_flavor_must_be_large_enough_and_a_share_type_be_there() -> None:
    small = [{"name": "tiny", "vcpus": 1, "memory_mb": 512}]
    assert one(catalogue={**GOOD.catalogue, "flavors": small}).name == "flavors"
    assert one(catalogue={**GOOD.catalogue, "share_types": []}).name == "share types"


def test_the_network_must_be_there_and_give_addresses() -> None:
    assert "there is no network campus" in one(networks={"other": 1}).text
    assert "no subnet" in one(networks={"campus": 0}).text


def test_what_cannot_be_looked_at_is_a_warning_as_in_the_embedded_cloud() -> None:
    heat_alone = {"orchestration": "http://127.0.0.1:18104", "shared-file-system": "http://127.0.0.1:18786"}
    found = bad(services=heat_alone, networks={}, auth_url="http://127.0.0.1:15100/v3")
    assert {check.name for check in found} == {"Nova", "Neutron", "Glance", "Cinder"}
    assert {check.verdict for check in found} == {"warning"}


def test_whether_servers_reach_the_portal_is_tried_or_told() -> None:
    assert "not tried" in one(probe=None).text
    assert one(replace(WANTED, node_url="http://127.0.0.1:8000"), probe=None).verdict == "failed"
    assert one(probe=Probe(300, "it did not come back")).verdict == "failed"


def test_what_was_left_out_of_the_catalogue_is_told() -> None:
    assert one(remarks=["image x is left out"]).text == "image x is left out"


def test_lines_and_json_say_the_same() -> None:
    checks = doctor.judge(replace(GOOD, probe=None), WANTED, KNOWN)
    text = "\n".join(doctor.lines(checks))
    assert "warning  nodes" in text
    assert "-> --probe" in text
    assert doctor.as_json(checks)["good"] is True
    assert [check["verdict"] for check in doctor.as_json(checks)["checks"]].count("warning") == 1


def template_of(workers: int) -> Any:
    values = yaml.safe_load(Path("examples/cluster.yaml").read_text())
    return yaml.safe_load(
        heat_templates.render(heat_templates.ClusterSpec.from_mapping({**values, "workers": workers})).template
    )


def test_needs_are_counted_in_the_template_itself() -> None:
    needs = quotas.needs(template_of(4), vcpus=2, memory_mb=2048)
    assert (needs["instances"], needs["cores"], needs["MB of memory"], needs["ports"]) == (5, 10, 10240, 5)
    assert (needs["security groups"], needs["stacks"]) == (1, 1)
    rules = len(template_of(4)["resources"]["members"]["properties"]["rules"])
    assert needs["security group rules"] == rules + 2
    assert "volumes" not in needs


def test_volumes_shares_and_server_groups_are_counted() -> None:
    resources = {
        "disk": {"type": "OS::Cinder::Volume", "properties": {"size": 20}},
        "more": {"type": "OS::Cinder::Volume", "properties": {"size": 5}},
        "scratch": {"type": "OS::Manila::Share", "properties": {"size": 7}},
        "spread": {"type": "OS::Nova::ServerGroup", "properties": {}},
        "master": {"type": "OS::Nova::Server", "properties": {}},
    }
    needs = quotas.needs({"resources": resources}, 1, 1024)
    assert (needs["volumes"], needs["GB of volumes"], needs["GB of shares"]) == (2, 25, 7)
    assert (needs["server groups"], needs["server group members"]) == (1, 1)


def test_members_of_a_server_group_bound_one_cluster_and_not_their_number() -> None:
    needs = {"instances": 12, "server group members": 12}
    rooms = {"instances": Room(-1), "server group members": Room(10)}
    assert quotas.fitting(rooms, needs) == 0
    assert quotas.tightest(rooms, needs, 3) == [("server group members", Room(10), 12)]
    assert quotas.fitting(rooms | {"server group members": Room(12)}, needs) is None


def test_more_used_than_allowed_leaves_room_for_none() -> None:
    assert quotas.fitting({"instances": Room(5, 9)}, {"instances": 3}) == 0


def test_a_course_that_may_have_more_than_its_projects_quotas_is_warned_of() -> None:
    limits = {
        "p1": {"instances": Promise(60), "cores": Promise(500), "stacks": Promise(512), "GB of shares": Promise(10)}
    }
    check = one(limits=limits)
    assert (check.name, check.verdict) == ("limits", doctor.WARNING)
    assert check.text == "Course A may have 60 instances, and the project's quota is 40"
    assert "raise the quotas" in check.next_step


def test_what_all_students_may_have_together_is_said_to_be_theirs() -> None:
    check = one(limits={"p1": {"instances": Promise(60, students=30), "cores": Promise(1)}})
    assert check.verdict == doctor.WARNING
    assert check.text == (
        "Course A may have 60 instances (30 students together, by the limits of each), and the project's quota is 40"
    )


def test_a_course_within_its_projects_quotas_is_well() -> None:
    limits = {"p1": {"instances": Promise(40)}, "p9": {"instances": Promise(9)}}
    checks = doctor.judge(replace(GOOD, limits=limits), WANTED, KNOWN)
    found = [check for check in checks if check.name == "limits"]
    assert found == [Check("limits", doctor.OK, "Course A: its project has room for all that it may have")]
