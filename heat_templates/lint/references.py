"""References to parameters and resources that are not there."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from typing import Any

from heat_templates.lint.template import Finding, Path, Template, function, parameter_of, resource_of

PSEUDO_PARAMETERS = ("OS::project_id", "OS::stack_id", "OS::stack_name")
WHY = "Heat refuses a template that refers to what it does not have"


def find(template: Template) -> Iterator[Finding]:
    parameters = dict.fromkeys((*template.parameters, *PSEUDO_PARAMETERS))
    for path, value in template.places:
        name = function(value)
        if name == "get_param":
            yield from _dangling(path, "parameter", parameter_of(value), parameters)
        elif name in ("get_attr", "get_resource"):
            yield from _dangling(path, "resource", resource_of(value), template.resources)
    for name, resource in template.resources.items():
        named = resource.get("depends_on") or []
        for each in named if isinstance(named, list) else [named]:
            yield from _dangling(("resources", name, "depends_on"), "resource", each, template.resources)


def _dangling(path: Path, kind: str, name: Any, known: Collection[str]) -> Iterator[Finding]:
    there = isinstance(name, str) and name in known
    # What another function computes is not known here.
    if not there and function(name) is None:
        near = difflib.get_close_matches(str(name), known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"declare the {kind}, or correct the name"
        yield Finding(path, f"there is no {kind} {name}", WHY, remedy)
