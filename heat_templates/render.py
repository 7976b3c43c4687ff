"""render(ClusterSpec) -> template, parameters."""

from __future__ import annotations

from typing import NamedTuple

import jinja2
import yaml

from cloudinit import frameworks
from cloudinit.user_data import FACTS_VERSION, user_data_template
from heat_templates import limits
from heat_templates.names import domain, server_name
from heat_templates.spec import ClusterSpec, SpecError

ONE_LINE = 1_000_000  # wider than any scalar
SHARED_RESOURCES, NODE_RESOURCES = 2, 4  # security group and hosts; port, handle, server, wait condition

# What a template needs and a spec does not hold: given by who creates the stack, hidden in Heat.
SECRET_PARAMETERS = ("cluster_secret", "node_credentials")


class Rendering(NamedTuple):
    """A HOT text, and the values of its parameters but the secret ones."""

    template: str
    parameters: dict[str, str]


def scalar(value: str | int) -> str:
    """`value` as a YAML scalar that can be nothing but data: double-quoted, on one line, ASCII."""
    style = '"' if isinstance(value, str) else None
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, default_style=style, width=ONE_LINE)
    return text.removesuffix("\n").removesuffix("\n...")


def block(text: str, indent: int) -> str:
    """`text` as a YAML literal block's lines."""
    return "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())


_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("heat_templates", "templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_environment.filters |= {"scalar": scalar, "block": block}


def render(spec: ClusterSpec) -> Rendering:
    """One flat HOT template with stable resource names: a difference of two templates is that of two clusters.

    Raises SpecError where the cluster would exceed what Heat accepts.
    """
    manifest = frameworks.manifest(spec.framework)
    nodes = manifest.nodes(spec.worker_numbers)
    resources = SHARED_RESOURCES + NODE_RESOURCES * len(nodes)
    if resources > limits.RESOURCES:
        raise SpecError(
            {"workers": f"{resources} resources are more than Heat's {limits.RESOURCES}; ask for fewer workers"}
        )
    template = _environment.get_template("cluster.yaml.j2").render(
        spec=spec,
        domain=domain(spec.id),
        facts_version=FACTS_VERSION,
        nodes=[(node.name, node.role, server_name(spec.name, spec.id, node.name)) for node in nodes],
        gateway_ports=sorted({page.port for page in manifest.pages}),
        user_data=user_data_template(),
    )
    size = len(template.encode())
    if size > limits.TEMPLATE_BYTES:
        raise SpecError(
            {"workers": f"a template of {size} bytes exceeds Heat's {limits.TEMPLATE_BYTES}; ask for fewer workers"}
        )
    return Rendering(template, {"flavor": spec.flavor, "image": spec.image, "network": spec.network})
