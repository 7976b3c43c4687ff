"""The limits of Heat and Nova, before they refuse the stack or, worse, half of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from heat_templates import limits
from heat_templates.lint.template import Finding, Path, Template, function

NOVA = "Nova refuses the server, when half of the stack is made"


def find(template: Template) -> Iterator[Finding]:
    count = len(template.resources)
    if count > limits.RESOURCES:
        why = f"Heat takes no more than {limits.RESOURCES} in a stack"
        yield Finding(("resources",), f"there are {count} resources", why, "ask for fewer nodes, or split the stack")
    for path, properties in template.of_type("OS::Nova::Server"):
        yield from _server(template, path, properties)
    for path, properties in template.of_type("OS::Heat::WaitCondition"):
        yield from _timeout(template, (*path, "timeout"), properties.get("timeout"))


def _server(template: Template, path: Path, properties: Mapping[str, Any]) -> Iterator[Finding]:
    name = template.known(properties.get("name"))
    if name is not None and len(str(name)) > limits.SERVER_NAME:
        what = f"the server's name has {len(str(name))} characters"
        why = f"a name of more than {limits.SERVER_NAME} makes no host name with Heat"
        yield Finding((*path, "name"), what, why, f"use {limits.SERVER_NAME} or fewer")
    size = least_bytes(properties.get("user_data"), template)
    if size > limits.USER_DATA_BYTES:
        why = f"{limits.USER_DATA_BYTES} fit. {NOVA}"
        remedy = "put what is long into the image, or fetch it at boot"
        yield Finding((*path, "user_data"), f"the user_data has {size} bytes or more", why, remedy)
    metadata = properties.get("metadata")
    if isinstance(metadata, dict) and not function(metadata):
        for key, value in metadata.items():
            yield from _metadata((*path, "metadata", key), str(key), template.known(value))


def _metadata(path: Path, key: str, value: Any) -> Iterator[Finding]:
    for what, text in (("key", key), ("value", value)):
        if isinstance(text, str) and len(text) > limits.METADATA:
            why = f"{limits.METADATA} are the most. {NOVA}"
            yield Finding(path, f"the {what} has {len(text)} characters", why, "shorten it")


def _timeout(template: Template, path: Path, value: Any) -> Iterator[Finding]:
    seconds = template.known(value)
    if isinstance(seconds, int | float | str) and not _fits(seconds):
        why = f"Heat takes 1 to {limits.WAIT_SECONDS} seconds"
        yield Finding(path, f"the timeout is {seconds}", why, "choose one below the life of the cloud's tokens")


def _fits(seconds: float | str) -> bool:
    try:
        return 1 <= float(seconds) <= limits.WAIT_SECONDS
    except ValueError:
        return False


def least_bytes(value: Any, template: Template | None = None) -> int:
    """How many bytes a value comes to at the least: what only Heat knows may be empty."""
    name = function(value)
    if name in ("str_replace", "str_replace_strict", "str_replace_vstrict"):
        return _replaced(value[name], template)
    if name == "list_join" and isinstance(value[name], list):
        return sum(least_bytes(each, template) for part in value[name][1:] if isinstance(part, list) for each in part)
    if name or value is None:
        return 0
    # Maps become JSON, which writes in ASCII.
    return len(value.encode() if isinstance(value, str) else json.dumps(_visible(value)))


def _replaced(argument: Any, template: Template | None) -> int:
    text, given = (argument.get("template"), argument.get("params")) if isinstance(argument, dict) else (None, None)
    text = template.known(text) if template else text
    if not isinstance(text, str) or not isinstance(given, dict):
        return 0
    size = len(text.encode())
    for name, value in given.items():
        size += text.count(str(name)) * (least_bytes(value, template) - len(str(name).encode()))
    return max(size, 0)


def _visible(value: Any) -> Any:
    """The value with nothing in place of what only Heat knows."""
    if function(value):
        return 0
    if isinstance(value, dict):
        return {key: _visible(each) for key, each in value.items()}
    return [_visible(each) for each in value] if isinstance(value, list) else value
