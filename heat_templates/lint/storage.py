"""Volumes that outlive their server unseen, and shares that an update would replace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from heat_templates.lint.template import Finding, Path, Template, parameter_of

DEVICES = ("block_device_mapping", "block_device_mapping_v2")
LOCAL = ("swap_size", "ephemeral_size", "ephemeral_format")  # these end with the server anyway
REPLACING = ("size", "share_type", "share_protocol", "share_network", "snapshot")


def find(template: Template) -> Iterator[Finding]:
    for path, properties in template.of_type("OS::Nova::Server"):
        for name in DEVICES:
            devices = properties.get(name)
            for number, device in enumerate(devices if isinstance(devices, list) else []):
                yield from _device(template, (*path, name, number), device)
    for path, properties in template.of_type("OS::Manila::Share"):
        yield from _share(template, path, properties)


def _device(template: Template, path: Path, device: Any) -> Iterator[Finding]:
    if not isinstance(device, dict) or any(name in device for name in LOCAL):
        return
    if str(template.known(device.get("delete_on_termination"))).lower() != "true":
        why = "the volume stays when Nova ends the server, with its data and its price, and nobody sees it"
        yield Finding(path, "delete_on_termination: true is missing", why, "write it, or attach the volume another way")


def _share(template: Template, path: Path, properties: Mapping[str, Any]) -> Iterator[Finding]:
    for name in REPLACING:
        parameter = parameter_of(properties.get(name))
        declared = template.parameters.get(parameter, {}) if isinstance(parameter, str) else None
        if declared is not None and str(declared.get("immutable")).lower() != "true":
            why = "an update of the stack with another value makes a new share and deletes the one with the data"
            remedy = f"declare {parameter} with immutable: true; to grow a share ask Manila (extend), not the stack"
            yield Finding(
                ("parameters", parameter),
                f"the {name} of the share {path[1]} is this parameter, which may change",
                why,
                remedy,
            )
