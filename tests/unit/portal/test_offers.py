"""What of the catalogue a cluster is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from heat_templates import ClusterSpec
from heat_templates.runtimes import RUNTIMES
from portal.cloud.models import Flavor, Image
from portal.clusters.offers import (
    choose_image,
    container_sizes,
    no_image,
    size_together,
    sizes_of,
    too_few_gpus,
    unknown_names,
)
from portal.refusals import Invalid

EXAMPLE = yaml.safe_load((Path(__file__).parents[3] / "examples" / "cluster.yaml").read_text())
IMAGES = [
    Image(name="arm", framework="spark", bundle_version="2", architecture="aarch64"),
    Image(name="bare", framework="spark", bundle_version="none", architecture="x86_64"),
    Image(name="flink", framework="flink", bundle_version="2", architecture="x86_64"),
    Image(name="intel", framework="spark", bundle_version="2", architecture="x86_64"),
    Image(name="old", framework="spark", bundle_version="1", architecture="x86_64"),
]
FLAVORS = {
    "small": Flavor(name="small", vcpus=1, memory_mb=1000, disk_gb=4),
    "gpu": Flavor(name="gpu", vcpus=8, memory_mb=9000, disk_gb=4, gpus=2),
}


def spec(**changes: Any) -> ClusterSpec:
    return ClusterSpec.from_mapping({**EXAMPLE, **changes})


@pytest.mark.parametrize(
    ("bundles", "name", "architecture", "chosen"),
    [
        (["2"], None, None, "arm"),
        (["2"], None, "x86_64", "intel"),
        (["2"], "intel", None, "intel"),
        (["2"], "intel", "x86_64", "intel"),
        (["3", "none"], None, None, "bare"),
        (["2", "none"], None, "x86_64", "intel"),
        (["3"], None, None, None),
    ],
)
def test_an_image_is_chosen_by_name_or_by_what_it_is(
    bundles: list[str], name: str | None, architecture: str | None, chosen: str | None
) -> None:
    image = choose_image(IMAGES, bundles, "spark", RUNTIMES["nova"], name, architecture)
    assert (image.name if image else None) == chosen


@pytest.mark.parametrize(
    ("name", "architecture", "field", "says"),
    [
        ("mine", None, "image", "unknown; there is arm, bare, flink, intel, old"),
        (["arm"], None, "image", "unknown"),
        ("flink", None, "image", "runs flink, and spark is asked for"),
        ("old", None, "image", "has the bundle 1, and this portal works with 2"),
        ("arm", "x86_64", "architecture", "the image arm is for aarch64"),
        (None, "ppc64le", "architecture", "has no image; there is aarch64, x86_64"),
    ],
)
def test_an_image_that_does_not_fit_is_refused_with_the_reason(
    name: Any, architecture: str | None, field: str, says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        choose_image(IMAGES, ["2"], "spark", RUNTIMES["nova"], name, architecture)
    assert says in refused.value.fields[field]


def test_where_there_is_no_image_the_versions_that_there_are_stand_beside_the_one_that_is_wanted() -> None:
    assert "no image for spark with bundle 3. Those that it has are of the bundle 1, 2, none." in str(
        no_image(IMAGES, "3", "spark", RUNTIMES["nova"])
    )
    assert str(no_image([], "3", "spark", RUNTIMES["nova"])) == "The cloud has no image for spark with bundle 3."


@pytest.mark.parametrize("runtime", ["nova-docker", "zun"])
def test_a_container_has_a_containers_image_and_a_machine_a_machines(runtime: str) -> None:
    box = Image(name="box", framework="spark", bundle_version="2", architecture="x86_64", container=True)
    containers, machines = RUNTIMES[runtime], RUNTIMES["nova"]
    assert choose_image([*IMAGES, box], ["2"], "spark", containers) is box
    assert choose_image([box], ["2"], "spark", machines) is None
    with pytest.raises(Invalid) as refused:
        choose_image([*IMAGES, box], ["2"], "spark", containers, "arm")
    assert refused.value.fields["image"] == f"is a machine's, and this site's machines are of the runtime {runtime}"
    with pytest.raises(Invalid) as refused:
        choose_image([*IMAGES, box], ["2"], "spark", machines, "box")
    assert refused.value.fields["image"] == "is a container's, and this site's machines are of the runtime nova"
    assert str(no_image([*IMAGES, box], "3", "spark", containers)) == (
        "The cloud has no container image for spark with bundle 3. Those that it has are of the bundle 2."
    )


def test_a_container_is_as_large_as_its_flavor_says() -> None:
    small, gpu = {"vcpus": 1, "memory_mb": 1000}, {"vcpus": 8, "memory_mb": 9000}
    assert container_sizes(FLAVORS, "small", None) == {"size": small}
    assert container_sizes(FLAVORS, "small", "gpu") == {"size": small, "master_size": gpu}
    for unknown in ("huge", ["small"]):
        assert set(container_sizes(FLAVORS, unknown, unknown)) == {"size", "master_size"}


def test_names_that_the_catalogue_has_not_are_told_with_those_that_it_has() -> None:
    asked = {"flavor": "huge", "master_flavor": None, "scratch.share_type": "gold"}
    assert unknown_names(asked, FLAVORS, []) == {
        "flavor": "unknown; there is small, gpu",
        "scratch.share_type": "unknown; there is none",
    }
    assert unknown_names({"flavor": ["small"]}, FLAVORS, []) == {"flavor": "unknown; there is small, gpu"}


def test_a_flavor_must_have_the_gpus_that_are_asked_for() -> None:
    assert too_few_gpus(FLAVORS["gpu"], spec(gpus=2)) == {}
    assert too_few_gpus(FLAVORS["small"], spec(gpus=2)) == {"gpus": "the flavor small has 0, and 2 are asked for"}


def test_a_master_of_another_size_counts_with_its_own() -> None:
    same, other = sizes_of(FLAVORS, spec()), sizes_of(FLAVORS, spec(flavor="gpu", master_flavor="small"))
    roles = ["master", "worker", "worker"]
    assert size_together(same, roles) == {"vcpus": 3, "memory_mb": 3000}
    assert size_together(other, roles) == {"vcpus": 17, "memory_mb": 19000}
