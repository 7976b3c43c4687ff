"""render(ClusterSpec) -> template, parameters, figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import jinja2

from cloudinit import frameworks
from cloudinit.frameworks.manifest import Manifest, NodeName
from cloudinit.user_data import user_data_template
from heat_templates import limits, text
from heat_templates.facts import cluster_facts, node_facts, size, user_data_bytes, volumes
from heat_templates.names import server_name, tags
from heat_templates.runtimes import NOVA, ZUN
from heat_templates.spec import ClusterSpec, Size, SpecError

# What a template needs and a spec does not hold: given by who creates the stack, hidden in Heat.
SECRET_PARAMETERS = ("cluster_secret", "node_credentials")


class Figures(NamedTuple):
    """What a template comes to. `user_data_bytes` is the largest of a node."""

    resources: int
    template_bytes: int
    user_data_bytes: int


class Rendering(NamedTuple):
    """A HOT text, the values of its parameters but the secret ones, and its size."""

    template: str
    parameters: dict[str, str]
    figures: Figures


FACTS = "$facts"  # what a container without user-data gets in its environment

# The parameters are names in the cloud; Heat looks each up before it makes anything.
CONSTRAINTS = {
    "flavor": "nova.flavor",
    "master_flavor": "nova.flavor",
    "image": "glance.image",
    "network": "neutron.network",
    "external_network": "neutron.network",
    "floating_network": "neutron.network",
    "key_pair": "nova.keypair",
    "volume_type": "cinder.vtype",
    "share_type": "manila.share_type",
}
IMMUTABLE = ("share_type",)  # another would be another share, without the data


class Parameter(NamedTuple):
    constraint: str
    value: str


_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("heat_templates", "templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters |= {"scalar": text.scalar, "block": text.block, "flow": text.flow, "tree": text.tree}


def render(spec: ClusterSpec) -> Rendering:
    """One flat HOT template with stable resource names: a difference of two templates is that of two clusters.

    Raises SpecError where the cluster would exceed what Heat accepts.
    """
    manifest = frameworks.manifest(spec.framework)
    nodes = manifest.nodes(spec.worker_numbers)
    parameters = _parameters(spec)
    user_data = user_data_template() if spec.runtime != ZUN else None
    template = _environment.get_template("cluster.yaml.j2").render(
        spec=spec,
        parameters=parameters,
        immutable=IMMUTABLE,
        labels=_labels(spec),
        tags=tags(spec.id, spec.owner, spec.course),
        cluster=cluster_facts(spec),
        nodes=[_node(spec, manifest, node) for node in nodes],
        page_ports=sorted({page.port for page in manifest.pages}),
        visitors_ports=sorted({page.port for page in manifest.pages if page.for_visitors}),
        master=manifest.master.name,
        user_data=user_data,
    )
    figures = Figures(
        template.count("\n    type: OS::"), len(template.encode()), user_data_bytes(spec, user_data or FACTS)
    )
    _check(figures)
    return Rendering(template, {name: parameter.value for name, parameter in parameters.items()}, figures)


def _check(figures: Figures) -> None:
    resources, template_bytes, node_bytes = figures
    if resources > limits.RESOURCES:
        why = f"{resources} resources are more than Heat's {limits.RESOURCES}; ask for fewer workers or volumes"
        raise SpecError({"workers": why})
    if template_bytes > limits.TEMPLATE_BYTES:
        why = f"a template of {template_bytes} bytes exceeds Heat's {limits.TEMPLATE_BYTES}; ask for fewer workers"
        raise SpecError({"workers": why})
    if node_bytes > limits.NODE_BYTES:
        why = f"a node's user-data of {node_bytes} bytes exceeds {limits.NODE_BYTES}"
        raise SpecError({"workers": f"{why}; ask for fewer workers, settings, packages or folders"})


def most_workers(spec: ClusterSpec) -> int:
    """How many workers a cluster that is else the same may have; 0 where there is no number that fits."""
    manifest = frameworks.manifest(spec.framework)
    low, high = manifest.minimum_workers - 1, manifest.maximum_workers
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(spec, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _fits(spec: ClusterSpec, workers: int) -> bool:
    try:
        render(ClusterSpec.from_mapping({**spec.as_mapping(), "workers": workers}))
    except SpecError:
        return False
    return True


def _parameters(spec: ClusterSpec) -> dict[str, Parameter]:
    network, floating, scratch = spec.own_network, spec.floating_ip, spec.scratch
    of_nova = spec.runtime != ZUN  # Zun knows no flavors
    values = {
        "flavor": spec.flavor if of_nova else None,
        "master_flavor": spec.master_flavor if of_nova else None,
        "image": spec.image,
        "network": spec.network,
        "external_network": network.external if network else None,
        "floating_network": floating.network if floating else None,
        "key_pair": spec.key_pair,
        "volume_type": spec.hdfs.volume_type,
        "share_type": scratch.share_type if scratch else None,
    }
    return {name: Parameter(CONSTRAINTS[name], value) for name, value in values.items() if value is not None}


def _labels(spec: ClusterSpec) -> Mapping[str, str]:
    """Whose it is: metadata of whatever can carry it."""
    labels = {"slipway_cluster": spec.id, "slipway_course": spec.course, "slipway_owner": spec.owner}
    own = {"slipway_architecture": spec.architecture, "slipway_runtime": spec.runtime if spec.runtime != NOVA else None}
    return labels | {name: value for name, value in own.items() if value}


class _Node(NamedTuple):
    name: str
    role: str
    server: str
    flavor: str
    is_master: bool
    volumes: list[str]
    metadata: Mapping[str, str]
    facts: Mapping[str, object]
    size: Size | None


def _node(spec: ClusterSpec, manifest: Manifest, node: NodeName) -> _Node:
    is_master = node.role == manifest.master.name
    return _Node(
        name=node.name,
        role=node.role,
        server=server_name(spec.name, spec.id, node.name),
        flavor="master_flavor" if is_master and spec.master_flavor else "flavor",
        is_master=is_master,
        volumes=volumes(spec, node),
        metadata={**_labels(spec), "slipway_role": node.role},
        facts=node_facts(spec, node),
        size=size(spec, node),
    )
