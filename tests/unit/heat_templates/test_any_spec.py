"""Properties of the generator: what holds for every legal spec, hostile texts included."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudinit import frameworks
from cloudinit.frameworks.manifest import NodeName, next_numbers
from cloudinit.user_data import FACTS_VERSION
from heat_templates import ClusterSpec, SpecError, render, server_name
from heat_templates.lint import judge, read
from heat_templates.runtimes import RUNTIMES

# How many of each are tried.
RANDOM, HOSTILE, GROWTHS, REFUSALS = 2_000, 1_000, 100, 500

# What no document can carry is refused.
REFUSED = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 127, 0xFFFE, 0xFFFF, 0xD800, 0xDFFF)))
carried = st.characters(exclude_categories=["Cs"], exclude_characters=REFUSED)
any_text = st.text(carried, min_size=1, max_size=60).filter(str.strip)

# Pieces that mean something to YAML, to Jinja, to Heat, to JSON, to cloud-init, to a shell or to an eye.
PIECES = (
    *"'\"`\\#&*!|>%@{}[],:?-~=<$;() \t\n\r",
    "\r\n", "\x85", "\xa0", "\u2028", "\u2029", "\ufeff", "\u200b", "\u202e", "\u2067",
    "\U0001f600", "\U0010ffff", "é", "漢",
    "{{ 7 * 7 }}", "{% raw %}", "{% endfor %}", "{# x #}", "{{ spec.id }}", "{{", "}}", "%}",
    "get_param", "{get_param: cluster_secret}", '{"get_param": "cluster_secret"}', "get_attr: [hosts, value]",
    "str_replace", "{get_file: /etc/passwd}", "$facts", "${facts}", "$$", "$(id)", "`id`",
    "!!python/object/apply:os.system [id]", "!!binary aGk=", "!!str", "! x", "&anchor", "*anchor", "<<: *anchor",
    "---", "...", "%YAML 1.1", "? x", "- x", "a: b", "a:", " # x", "|\n  x", ">-", "~", "null", "yes", "0x10", "1e3",
    "2021-04-16", "12:30:45", ".inf", "\\n", "\\x00", "\\u2028", "\\U0001F600", '\\"', "</script>", "'; --", "../..",
    "#cloud-config", "\nruncmd:\n  - [id]\n", "\n  master:\n    type: OS::Nova::Server\n",
)  # fmt: skip
hostile_text = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(lambda pieces: "".join(pieces)[:60])
hostile_text = hostile_text.map(lambda text: text if text.strip() else f"x{text}"[:60])


EXAMPLE = yaml.safe_load((Path(__file__).parents[3] / "examples" / "cluster.yaml").read_text())


SIZES = st.fixed_dictionaries({"vcpus": st.integers(1, 64), "memory_mb": st.integers(256, 99_999)})


def specs(text: st.SearchStrategy[str], workers: st.SearchStrategy[Any]) -> st.SearchStrategy[ClusterSpec]:
    return st.fixed_dictionaries(fields_of(text, workers), optional=options_of(text)).map(made)


def made(values: dict[str, Any]) -> ClusterSpec:
    """With what goes together: no shares behind a router, and of a runtime only what it can do."""
    apart = {"network": None, "scratch": None, "folders": []} if values.get("own_network") else {}
    runtime = RUNTIMES[values.get("runtime", "nova")]
    lacking = {field.partition(".")[0] for field in runtime.lacks}
    asked = {name: value for name, value in {**values, **apart}.items() if name not in lacking}
    if not runtime.of_containers:
        asked |= {"size": None, "master_size": None}
    elif "master_flavor" not in asked:
        asked |= {"master_size": None}
    return ClusterSpec.from_mapping(asked)


def fields_of(text: st.SearchStrategy[str], workers: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "id": st.uuids().map(str),
        "name": text,
        "framework": st.sampled_from(frameworks.names()),
        "workers": workers,
        "flavor": text,
        "image": text,
        "network": text,
        "bundle_version": text,
        "portal_url": text.map(lambda path: f"http://portal.test/{path}"),
        "gateway_address": st.ip_addresses(network="10.0.0.0/8").map(str),
        "owner": text,
        "course": text,
        "runtime": st.sampled_from(("nova", "nova", *RUNTIMES)),
        "size": SIZES,
        "master_size": SIZES,
    }


def options_of(text: st.SearchStrategy[str]) -> dict[str, st.SearchStrategy[Any]]:
    """What may be asked for, each with and without the others."""
    line = text.filter(str.isprintable)
    network = st.ip_addresses(network="10.0.0.0/8").map(lambda address: f"{address}/32")
    setting = st.sampled_from(("spark.sql.shuffle.partitions", "dfs.blocksize", "my.own.name"))
    return {
        "master_flavor": text,
        "architecture": st.sampled_from(("x86_64", "ppc64le", "aarch64")),
        "own_network": st.fixed_dictionaries({"external": text, "cidr": st.just("10.1.0.0/16")}),
        "key_pair": text,
        "floating_ip": st.fixed_dictionaries({"network": text, "allowed": network}),
        "hdfs": st.sampled_from(({"storage": "ephemeral"}, {"storage": "volumes", "volume_gb": 9, "volumes_each": 2})),
        "scratch": st.fixed_dictionaries({"size_gb": st.integers(1, 9)}, optional={"share_type": text}),
        "folders": st.lists(st.fixed_dictionaries({"path": st.just("/data/a"), "export": text}), max_size=1),
        "spread": st.booleans(),
        "availability_zone": line.filter(lambda zone: ":" not in zone),
        "gpus": st.integers(0, 16),
        "settings": st.fixed_dictionaries({}, optional={"hadoop": st.dictionaries(setting, line, max_size=2)}),
        "python_packages": st.lists(st.sampled_from(("scipy==1.14.1", "requests", "dask[array]>=2024")), max_size=2),
        "boot_timeout": st.integers(120, 3600),
    }


few = st.sampled_from((1, 1, 1, 1, 1, 1, 2, 2, [1, 3], [7]))
many = st.sampled_from((1, 2, 8, 9, 10, 99))


def facts(spec: ClusterSpec, node: str, role: str, volumes: list[str]) -> dict[str, Any]:
    """What the facts of a node must be in the template."""
    return {
        "version": FACTS_VERSION,
        "bundle": spec.bundle_version,
        "node": {"name": node, "role": role, **({"vcpus": vcpus_of(spec, role)} if spec.size else {})},
        "hosts": {"get_attr": ["hosts", "value"]},
        "cluster": {"get_attr": ["cluster", "value"]},
        "secret": {"get_param": "cluster_secret"},
        "volumes": [{"get_resource": volume} for volume in volumes],
        "portal": {"url": spec.portal_url, "credential": {"get_param": ["node_credentials", node]}},
        "signal": {
            "endpoint": {"get_attr": [f"{node}-handle", "endpoint"]},
            "token": {"get_attr": [f"{node}-handle", "token"]},
        },
    }


def vcpus_of(spec: ClusterSpec, role: str) -> int:
    size = spec.master_size if role == "master" and spec.master_size else spec.size
    assert size is not None
    return size.vcpus


def check(spec: ClusterSpec) -> None:
    """The template is YAML, passes the lint, holds the resources that it should, and each text as that very text."""
    rendering = render(spec)
    read_back = read(rendering.template)
    assert judge(read_back) == []
    assert rendering.template.isascii()
    assert rendering.parameters == parameters_of(spec)
    resources = read_back.resources
    assert len(resources) == rendering.figures.resources
    assert list(resources) == shared_resources(spec) + [
        name for node in nodes_of(spec) for name in resources_of_node(spec, node.name, node.role)
    ]
    assert resources["cluster"]["properties"]["value"]["name"] == spec.name
    for node in nodes_of(spec):
        check_node(spec, resources, node.name, node.role)


def parameters_of(spec: ClusterSpec) -> dict[str, str]:
    flavors = {} if spec.runtime == "zun" else {"flavor": spec.flavor, "master_flavor": spec.master_flavor}
    wanted = {
        **flavors,
        "image": spec.image,
        "network": spec.network,
        "external_network": spec.own_network and spec.own_network.external,
        "floating_network": spec.floating_ip and spec.floating_ip.network,
        "key_pair": spec.key_pair,
        "volume_type": spec.hdfs.volume_type,
        "share_type": spec.scratch and spec.scratch.share_type,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def nodes_of(spec: ClusterSpec) -> tuple[NodeName, ...]:
    return frameworks.manifest(spec.framework).nodes(spec.worker_numbers)


def shared_resources(spec: ClusterSpec) -> list[str]:
    return [
        "members",
        *(["visitors"] if spec.floating_ip else []),
        *(["network", "subnet", "router", "way-out"] if spec.own_network else []),
        *(["floating-ip"] if spec.floating_ip else []),
        *(["scratch"] if spec.scratch else []),
        *(["apart"] if spec.spread else []),
        "cluster",
        "hosts",
    ]


def resources_of_node(spec: ClusterSpec, name: str, role: str) -> list[str]:
    return [f"{name}-port", *volumes_of(spec, name, role), f"{name}-handle", name, f"{name}-ready"]


def volumes_of(spec: ClusterSpec, name: str, role: str) -> list[str]:
    count = 0 if spec.hdfs.storage != "volumes" else 1 if role == "master" else spec.hdfs.volumes_each
    return [f"{name}-volume-{number + 1}" for number in range(count)]


def check_node(spec: ClusterSpec, resources: Mapping[str, Any], name: str, role: str) -> None:
    properties = resources[name]["properties"]
    volumes = volumes_of(spec, name, role)
    assert properties["name"] == resources[f"{name}-port"]["properties"]["name"]
    assert properties["name"] == server_name(spec.name, spec.id, name)
    container = spec.runtime == "zun"
    assert resources[name]["type"] == ("OS::Zun::Container" if container else "OS::Nova::Server")
    assert properties["labels" if container else "metadata"] == {
        "slipway_cluster": spec.id,
        "slipway_course": spec.course,
        "slipway_owner": spec.owner,
        "slipway_role": role,
        **({"slipway_architecture": spec.architecture} if spec.architecture else {}),
        **({"slipway_runtime": spec.runtime} if spec.runtime != "nova" else {}),
    }
    handed = properties["environment"]["SLIPWAY_FACTS"] if container else properties["user_data"]
    assert handed["str_replace"]["params"] == {"$facts": facts(spec, name, role, volumes)}
    assert [each["delete_on_termination"] for each in properties.get("block_device_mapping_v2", [])] == [
        True for _ in volumes
    ]
    assert resources[f"{name}-ready"]["properties"]["timeout"] == spec.boot_timeout


@given(spec=specs(any_text, few))
@settings(max_examples=RANDOM)
def test_every_spec_gives_a_template_that_passes_the_lint_and_keeps_its_texts(spec: ClusterSpec) -> None:
    check(spec)


@given(spec=specs(hostile_text, few))
@settings(max_examples=HOSTILE)
def test_hostile_text_comes_out_as_data(spec: ClusterSpec) -> None:
    check(spec)


def test_what_is_read_with_the_plain_python_parser_is_the_same() -> None:
    """PyYAML has two parsers; a cloud may have either."""
    for piece in PIECES:
        text = f"x{piece}"
        spec = ClusterSpec.from_mapping({**EXAMPLE, "name": text, "owner": text, "course": text, "workers": 1})
        assert yaml.safe_load(render(spec).template) == yaml.load(render(spec).template, yaml.CSafeLoader)


def blocks(template: str) -> dict[str, str]:
    """The text of each resource, byte by byte."""
    resources = template.partition("\nresources:\n")[2].partition("\noutputs:\n")[0]
    parts = re.split(r"^  (\S+):\n", resources, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@given(spec=specs(any_text | hostile_text, many))
@settings(max_examples=GROWTHS)
def test_a_worker_more_leaves_the_text_of_all_others_as_it_was(spec: ClusterSpec) -> None:
    check_difference(spec, with_workers(spec, next_numbers(spec.worker_numbers, 1)))


@given(spec=specs(any_text | hostile_text, st.sampled_from((2, 3, 11))), data=st.data())
@settings(max_examples=GROWTHS)
def test_a_worker_less_leaves_the_text_of_all_others_as_it_was(spec: ClusterSpec, data: st.DataObject) -> None:
    left = data.draw(st.sampled_from(spec.worker_numbers))
    check_difference(with_workers(spec, [number for number in spec.worker_numbers if number != left]), spec)


def with_workers(spec: ClusterSpec, numbers: Sequence[int]) -> ClusterSpec:
    return ClusterSpec.from_mapping({**spec.as_mapping(), "workers": list(numbers)})


def check_difference(smaller: ClusterSpec, larger: ClusterSpec) -> None:
    """Of two clusters one has a worker more: but for it and its address their templates are the same."""
    fewer, more = render(smaller).template, render(larger).template
    before, after = blocks(fewer), blocks(more)
    (number,) = set(larger.worker_numbers) - set(smaller.worker_numbers)
    added = f"worker-{number:02d}"
    assert set(after) - set(before) == set(resources_of_node(larger, added, "worker"))
    shared = ("hosts", "scratch")  # of the others these know all addresses
    for name in set(shared) & set(before):
        addresses = [line for line in after[name].splitlines() if not re.search(rf"\b{added}(:|-port)", line)]
        assert addresses == before[name].splitlines()
    assert {name: text.strip() for name, text in after.items() if name in before and name not in shared} == {
        name: text.strip() for name, text in before.items() if name not in shared
    }
    assert fewer.partition("\nresources:\n")[0] == more.partition("\nresources:\n")[0]
    assert fewer.partition("\noutputs:\n")[2] == more.partition("\noutputs:\n")[2]


TEXTS = ("name", "flavor", "image", "network", "bundle_version", "portal_url", "owner", "course")


short_text = st.text(max_size=20)


@given(field=st.sampled_from(TEXTS), before=short_text, bad=st.sampled_from(REFUSED), after=short_text)
@settings(max_examples=REFUSALS)
def test_what_no_document_can_carry_is_refused(field: str, before: str, bad: str, after: str) -> None:
    start = "http://portal.test/" if field == "portal_url" else "x"
    with pytest.raises(SpecError) as caught:
        ClusterSpec.from_mapping({**EXAMPLE, field: start + before + bad + after})
    assert caught.value.fields == {field: "must not contain control characters"}


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
addresses = st.text(alphabet="htps:/[]@%.\u2100\uff0e1a#?").map(lambda rest: f"http://{rest}")


@given(values=st.fixed_dictionaries({}, optional=dict.fromkeys(ClusterSpec.model_fields, anything | addresses)))
@settings(max_examples=REFUSALS)
def test_whatever_is_given_a_spec_is_made_or_its_wrong_fields_are_named(values: dict[str, Any]) -> None:
    try:
        check(ClusterSpec.from_mapping({**EXAMPLE, **values}))
    except SpecError as error:
        wrong = error.fields
    else:
        wrong = {}
    assert {path.partition(".")[0] for path in wrong} <= {*values, "network"}
