"""Properties of the generator: what holds for every legal spec, hostile texts included."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudinit import frameworks
from cloudinit.frameworks.manifest import next_numbers
from cloudinit.user_data import FACTS_VERSION
from heat_templates import ClusterSpec, SpecError, domain, render, server_name
from heat_templates.lint import judge, read

# How many of each are tried.
RANDOM, HOSTILE, GROWTHS, REFUSALS = 10_000, 1_000, 150, 500

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


def specs(text: st.SearchStrategy[str], workers: st.SearchStrategy[Any]) -> st.SearchStrategy[ClusterSpec]:
    return st.builds(
        ClusterSpec,
        id=st.uuids().map(str),
        name=text,
        framework=st.sampled_from(frameworks.names()),
        workers=workers,
        flavor=text,
        image=text,
        network=text,
        bundle_version=text,
        portal_url=text.map(lambda path: f"http://portal.test/{path}"),
        gateway_address=st.ip_addresses(network="10.0.0.0/8").map(str),
        owner=text,
        course=text,
        boot_timeout=st.integers(60, 3600),
    )


few = st.sampled_from((1, 1, 1, 1, 1, 1, 2, 2, [1, 3], [7]))
many = st.sampled_from((1, 2, 8, 9, 10, 99))


def facts(spec: ClusterSpec, node: str, role: str) -> dict[str, Any]:
    """What the facts of a node must be in the template."""
    return {
        "version": FACTS_VERSION,
        "bundle": spec.bundle_version,
        "cluster": {
            "id": spec.id,
            "name": spec.name,
            "domain": domain(spec.id),
            "secret": {"get_param": "cluster_secret"},
        },
        "framework": spec.framework,
        "node": {"name": node, "role": role},
        "hosts": {"get_attr": ["hosts", "value"]},
        "gateway": spec.gateway_address,
        "portal": {"url": spec.portal_url, "credential": {"get_param": ["node_credentials", node]}},
        "signal": {
            "endpoint": {"get_attr": [f"{node}-handle", "endpoint"]},
            "token": {"get_attr": [f"{node}-handle", "token"]},
        },
    }


def check(spec: ClusterSpec) -> None:
    """The template is YAML, passes the lint, holds the resources that it should, and each text as that very text."""
    template, parameters = render(spec)
    read_back = read(template)
    assert judge(read_back) == []
    assert template.isascii()
    assert parameters == {"flavor": spec.flavor, "image": spec.image, "network": spec.network}
    nodes = frameworks.manifest(spec.framework).nodes(spec.worker_numbers)
    resources = read_back.resources
    ends = ("", "-port", "-handle", "-ready")
    assert list(resources) == ["members", "hosts"] + [
        f"{node.name}{end}" for node in nodes for end in (ends[1], ends[2], ends[0], ends[3])
    ]
    for node in nodes:
        properties = resources[node.name]["properties"]
        assert properties["name"] == resources[f"{node.name}-port"]["properties"]["name"]
        assert properties["name"] == server_name(spec.name, spec.id, node.name)
        assert properties["metadata"] == {
            "slipway_cluster": spec.id,
            "slipway_course": spec.course,
            "slipway_owner": spec.owner,
            "slipway_role": node.role,
        }
        assert properties["user_data"]["str_replace"]["params"] == {"$facts": facts(spec, node.name, node.role)}
        assert resources[f"{node.name}-ready"]["properties"]["timeout"] == spec.boot_timeout


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
    check_difference(spec, replace(spec, workers=list(next_numbers(spec.worker_numbers, 1))))


@given(spec=specs(any_text | hostile_text, st.sampled_from((2, 3, 11))), data=st.data())
@settings(max_examples=GROWTHS)
def test_a_worker_less_leaves_the_text_of_all_others_as_it_was(spec: ClusterSpec, data: st.DataObject) -> None:
    left = data.draw(st.sampled_from(spec.worker_numbers))
    check_difference(replace(spec, workers=[number for number in spec.worker_numbers if number != left]), spec)


def check_difference(smaller: ClusterSpec, larger: ClusterSpec) -> None:
    """Of two clusters one has a worker more: but for it and its address their templates are the same."""
    fewer, more = render(smaller).template, render(larger).template
    before, after = blocks(fewer), blocks(more)
    (number,) = set(larger.worker_numbers) - set(smaller.worker_numbers)
    added = f"worker-{number:02d}"
    assert set(after) - set(before) == {f"{added}{end}" for end in ("", "-port", "-handle", "-ready")}
    addresses = [line for line in after["hosts"].splitlines() if not line.lstrip().startswith(f"{added}:")]
    assert addresses == before["hosts"].splitlines()
    assert {name: text.strip() for name, text in after.items() if name in before and name != "hosts"} == {
        name: text.strip() for name, text in before.items() if name != "hosts"
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


@given(values=st.fixed_dictionaries({}, optional={field.name: anything | addresses for field in fields(ClusterSpec)}))
@settings(max_examples=REFUSALS)
def test_whatever_is_given_a_spec_is_made_or_its_wrong_fields_are_named(values: dict[str, Any]) -> None:
    try:
        check(ClusterSpec.from_mapping({**EXAMPLE, **values}))
    except SpecError as error:
        wrong = error.fields
    else:
        wrong = {}
    assert set(wrong) <= set(values)
