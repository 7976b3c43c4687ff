"""Data as YAML that can be nothing but data. PyYAML would do it too, in ten times the time for a large cluster."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import yaml

ONE_LINE = 1_000_000  # wider than any scalar
WIDTH = 100  # what is shorter stands on one line
PLAIN_KEY = re.compile(r"\$?[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
REFERENCES = ("get_attr", "get_param", "get_resource")  # no key of a person's is one of these
WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")  # that YAML takes for something else


@functools.lru_cache(maxsize=4096)
def scalar(value: str | int) -> str:
    """`value` as a YAML scalar: text double-quoted, on one line, ASCII."""
    style = '"' if isinstance(value, str) else None
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, default_style=style, width=ONE_LINE)
    return text.removesuffix("\n").removesuffix("\n...")


def block(text: str, indent: int) -> str:
    """`text` as a YAML literal block's lines."""
    return "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())


def flow(value: Any) -> str:
    """Data on one line."""
    if isinstance(value, Mapping):
        if len(value) == 1 and (reference := _reference(value)):
            return reference
        return "{" + ", ".join(f"{_key(name)}: {flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return scalar(value)


def _reference(value: Mapping[str, Any]) -> str | None:
    """A function of Heat that refers to something: its arguments are names of ours."""
    ((name, arguments),) = value.items()
    if name not in REFERENCES:
        return None
    names = ", ".join(arguments) if isinstance(arguments, list) else arguments
    return f"{{{name}: [{names}]}}" if isinstance(arguments, list) else f"{{{name}: {names}}}"


def tree(value: Mapping[str, Any], indent: int) -> str:
    """A mapping as lines; what is short stands on one."""
    return "".join(_entry(name, each, indent) for name, each in value.items())


def _entry(name: str, value: Any, indent: int) -> str:
    start, text = f"{' ' * indent}{_key(name)}:", flow(value)
    if len(text) <= WIDTH or not isinstance(value, Mapping | list | tuple):
        return f"{start} {text}\n"
    if isinstance(value, Mapping):
        return f"{start}\n{tree(value, indent + 2)}"
    return f"{start}\n" + "".join(f"{' ' * indent}  - {flow(each)}\n" for each in value)


def _key(name: str) -> str:
    return name if PLAIN_KEY.fullmatch(name) and name.lower() not in WORDS else scalar(name)
