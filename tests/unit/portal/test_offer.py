"""What a cloud offers, in the catalogue's words; the answers were recorded from a real one (Zed)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from portal.cloud import offer
from portal.cloud.sessions import CloudUnavailable
from tests.recorded_cloud import recorded_cloud

FLAVOR = {
    "id": "2d15c988",
    "name": "m1.tiny",
    "ram": 512,
    "disk": 3,
    "swap": "",
    "OS-FLV-EXT-DATA:ephemeral": 0,
    "OS-FLV-DISABLED:disabled": False,
    "vcpus": 1,
}
GPU_FLAVOR = {**FLAVOR, "id": "77", "name": "gpu", "extra_specs": {"pci_passthrough:alias": "a100:2"}}
IMAGE = {
    "id": "7e15c52e",
    "name": "slipway-spark",
    "status": "active",
    "architecture": "x86_64",
    "slipway_framework": "spark",
    "slipway_bundle": "1-abcdef012345",
}
OTHER_IMAGE = {"id": "1", "name": "debian-12", "status": "active", "os_distro": "debian"}
SHARE_TYPE = {
    "id": "1e6d13d2",
    "name": "default",
    "extra_specs": {"driver_handles_share_servers": "False", "snapshot_support": "True"},
    "required_extra_specs": {"driver_handles_share_servers": "False"},
}


def microversion_needed(headers: Mapping[str, str]) -> tuple[int, Any]:
    """A Nova that knows nothing of 2.61."""
    if headers.get("OpenStack-API-Version") == "compute 2.61":
        return 406, {"computeFault": {"message": "Version 2.61 is not supported by the API."}}
    return 200, {"flavors": [dict(FLAVOR)]}


@pytest.mark.parametrize(
    ("specs", "count"),
    [
        ({}, 0),
        ({"pci_passthrough:alias": "a100:2"}, 2),
        ({"pci_passthrough:alias": "a100:1, t4:2"}, 3),
        ({"resources:VGPU": "1"}, 1),
        ({"pci_passthrough:alias": "a100:many"}, 0),
    ],
)
def test_gpus_are_counted_from_novas_extra_specs(specs: dict[str, str], count: int) -> None:
    assert offer.gpus(specs) == count


def test_only_active_images_with_our_properties_are_taken() -> None:
    remarks: list[str] = []
    found = offer.images([IMAGE, OTHER_IMAGE, {**IMAGE, "name": "coming", "status": "queued"}], remarks.append)
    said = {"framework": "spark", "bundle_version": "1-abcdef012345", "architecture": "x86_64"}
    spark = {**said, "container": False}
    assert (found, remarks) == ([{"name": "slipway-spark", **spark}], [])


@pytest.mark.parametrize(("container_format", "container"), [("docker", True), ("bare", False), (None, False)])
def test_an_image_of_dockers_format_is_a_containers(container_format: str | None, container: bool) -> None:
    (found,) = offer.images([{**IMAGE, "container_format": container_format}], [].append)
    assert found["container"] is container


def test_images_of_one_name_are_left_out_as_heat_could_not_choose() -> None:
    remarks: list[str] = []
    assert offer.images([IMAGE, {**OTHER_IMAGE, "name": "slipway-spark"}], remarks.append) == []
    assert "7e15c52e" in remarks[0]


def test_share_types_that_want_a_network_of_their_own_are_left_out() -> None:
    remarks: list[str] = []
    with_servers = {**SHARE_TYPE, "name": "generic", "extra_specs": {"driver_handles_share_servers": "True"}}
    with_servers["required_extra_specs"] = {}
    cephfs = {**SHARE_TYPE, "name": "ceph", "extra_specs": {"storage_protocol": "CEPHFS"}, "description": "Fast"}
    found = offer.share_types([SHARE_TYPE, with_servers, cephfs], remarks.append)
    assert found == [
        {"name": "ceph", "protocol": "CEPHFS", "title": "Fast"},
        {"name": "default", "protocol": "NFS", "title": "default"},
    ]
    assert "generic" in remarks[0]


def test_what_not_all_courses_can_use_is_left_out_and_named() -> None:
    remarks: list[str] = []
    everybody, private = {"name": "small", "vcpus": 1}, {"name": "secret", "vcpus": 8}
    assert offer.common([[everybody, private], [everybody]], remarks.append) == [everybody]
    assert remarks == ["secret is left out: not every course's project can use it"]


def test_flavors_are_chosen_by_patterns() -> None:
    entries = [{"name": "m1.small"}, {"name": "m1.large"}, {"name": "r5.huge"}]
    assert [entry["name"] for entry in offer.chosen(entries, ["m1.*", "r5.huge"])] == [
        "m1.small",
        "m1.large",
        "r5.huge",
    ]
    assert offer.chosen(entries, []) == entries
    assert offer.chosen(entries, ["m1.small"]) == [{"name": "m1.small"}]


def test_a_whole_offer_is_read_page_by_page(settings: Any) -> None:
    answers = {
        "compute /flavors/detail": (200, {"flavors": [dict(GPU_FLAVOR)], "flavors_links": [
            {"rel": "next", "href": "http://inside.example:8774/v2.1/flavors/detail?marker=77"}]}),
        "compute /flavors/detail?marker=77": (200, {"flavors": [dict(FLAVOR)]}),
        "image /images": (200, {"images": [OTHER_IMAGE], "next": "/v2/images?marker=1"}),
        "image /images?marker=1": (200, {"images": [IMAGE]}),
        "sharev2 /types": (200, {"share_types": [SHARE_TYPE]}),
    }  # fmt: skip
    with recorded_cloud(answers) as cloud:
        settings.CLOUD = cloud.connection
        document, remarks = offer.offer([cloud.project])
    assert [(each["name"], each["gpus"]) for each in document["flavors"]] == [("gpu", 2), ("m1.tiny", 0)]
    assert [each["name"] for each in document["images"]] == ["slipway-spark"]
    assert [each["name"] for each in document["share_types"]] == ["default"]
    assert remarks == []


def test_an_older_nova_is_asked_flavor_by_flavor_and_a_cloud_may_lack_manila(settings: Any) -> None:
    answers = {
        "compute /flavors/detail": microversion_needed,
        "compute /flavors/2d15c988/os-extra_specs": (200, {"extra_specs": {"resources:VGPU": "1"}}),
        "image /images": (200, {"images": []}),
    }
    with recorded_cloud(answers, ("compute", "image")) as cloud:
        settings.CLOUD = cloud.connection
        document, remarks = offer.offer([cloud.project])
    assert document["flavors"] == [{"name": "m1.tiny", "vcpus": 1, "memory_mb": 512, "disk_gb": 3, "gpus": 1}]
    assert document["share_types"] == []
    assert "no Manila" in remarks[0]


def test_a_list_without_an_end_ends(settings: Any) -> None:
    for_ever = {"images": [IMAGE], "next": "/v2/images?marker=1"}
    answers = {"image /images": (200, for_ever), "image /images?marker=1": (200, for_ever)}
    with recorded_cloud(answers) as cloud:
        settings.CLOUD = cloud.connection
        assert len(offer.read_all(cloud.project, "image", "/images", "images")) == 50


def test_a_service_that_is_ill_makes_the_cloud_unavailable(settings: Any) -> None:
    with recorded_cloud({"compute /flavors/detail": (503, {"error": "maintenance"})}) as cloud:
        settings.CLOUD = cloud.connection
        with pytest.raises(CloudUnavailable):
            offer.offer([cloud.project])
