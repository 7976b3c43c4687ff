"""A HOT text as plain data, and where each piece of it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

Path = tuple[str | int, ...]

LEVELS = 100  # deeper than any template; the C parser of YAML would end the process at some depth
VALUES = 300_000  # more than a text of Heat's size can hold unless its anchors multiply it
PLAIN = ("null", "bool", "int", "float", "str", "seq", "map")
SECTIONS = ("parameters", "resources", "outputs")
# fmt: off
FUNCTIONS = (
    "and", "contains", "digest", "equals", "filter", "get_attr", "get_file", "get_param", "get_resource",
    "if", "list_concat", "list_concat_unique", "list_join", "make_url", "map_merge", "map_replace", "not",
    "or", "repeat", "resource_facade", "str_replace", "str_replace_strict", "str_replace_vstrict",
    "str_split", "yaql",
)
# fmt: on


class Unreadable(Exception):
    """The text is no HOT template."""


class Finding(NamedTuple):
    """One thing that is wrong: where, what, why it matters, and what to do."""

    path: Path
    what: str
    why: str
    remedy: str
    line: int | None = None

    @property
    def where(self) -> str:
        """The path as people write it, e.g. `resources.members.properties.rules[0]`."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return text.removeprefix(".") or "the template"


class Template(NamedTuple):
    """The three sections that are judged: each a mapping of names to mappings.

    `places` holds every value of them with its path.
    """

    text: str
    places: Sequence[tuple[Path, Any]]
    parameters: Mapping[str, Mapping[str, Any]]
    resources: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]

    def of_type(self, *types: str) -> Iterator[tuple[Path, Mapping[str, Any]]]:
        """The properties of each resource of these types, with their path."""
        for name, resource in self.resources.items():
            if resource.get("type") in types:
                yield ("resources", name, "properties"), resource.get("properties") or {}

    def known(self, value: Any) -> Any:
        """The value itself, or for `get_param` the parameter's default; None where the template does not tell."""
        if function(value) is None:
            return value
        name = parameter_of(value)
        return self.parameters.get(name, {}).get("default") if isinstance(name, str) else None

    def with_lines(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings with their lines, in the order of these."""
        found = list(findings)
        root = yaml.compose(self.text, Loader=_Loader) if found else None
        lined = [finding._replace(line=_line(root, finding.path)) for finding in found]
        return sorted(lined, key=lambda finding: finding.line or 0)


def function(value: Any) -> str | None:
    """The name of the function that Heat would call here; None where the value is data."""
    if isinstance(value, dict) and len(value) == 1:
        (name,) = value
        return name if name in FUNCTIONS else None
    return None


def parameter_of(value: Any) -> Any:
    """What `get_param` asks for: the parameter's name, with or without a path into its value. None elsewhere."""
    return _first(value["get_param"]) if function(value) == "get_param" else None


def resource_of(value: Any) -> Any:
    """The resource that `get_attr` or `get_resource` names; None elsewhere."""
    name = function(value)
    return _first(value[name]) if name in ("get_attr", "get_resource") else None


def _first(argument: Any) -> Any:
    return argument[0] if isinstance(argument, list) and argument else argument


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The value and all below it, with their paths."""
    waiting = [(path, value)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting += [((*path, key), each) for key, each in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, number), each) for number, each in reversed([*enumerate(value)])]


def read(text: str) -> Template:
    """Raises Unreadable."""
    try:
        _check_depth(text)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a loader of plain data
    except (yaml.YAMLError, ValueError, LookupError) as error:
        raise Unreadable(f"it is not YAML: {error}") from None
    if not isinstance(data, dict) or "heat_template_version" not in data:
        raise Unreadable("it has no heat_template_version: it is no HOT template")
    sections = {name: data[name] for name in SECTIONS if data.get(name) is not None}
    places = _places(sections)
    return Template(text, places, *(_section(sections, name) for name in SECTIONS))


def _section(data: dict[str, Any], name: str) -> dict[str, Any]:
    section = data.get(name, {})
    if not isinstance(section, dict):
        raise Unreadable(f"`{name}` is not a mapping of names")
    for key, value in section.items():
        if not isinstance(key, str) or not isinstance(value, dict):
            raise Unreadable(f"`{name}.{key}` is not a name with a mapping")
        properties = value.get("properties")
        if not isinstance(properties, dict | None) or function(properties):
            raise Unreadable(f"the properties of `{name}.{key}` are not written out as a mapping")
    return section


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > LEVELS:
                raise Unreadable(f"it is nested deeper than {LEVELS} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _places(data: Any) -> Sequence[tuple[Path, Any]]:
    places = []
    for place in walk(data):
        places.append(place)
        if len(places) > VALUES or len(place[0]) > LEVELS:
            raise Unreadable("its anchors and aliases unfold to more than a template can hold; write them out")
    return places


class _Loader(yaml.CSafeLoader):
    """Plain data only. A date stays a text, as in Heat."""


_constructors = yaml.CSafeLoader.yaml_constructors
_Loader.yaml_constructors = {f"tag:yaml.org,2002:{name}": _constructors[f"tag:yaml.org,2002:{name}"] for name in PLAIN}
_Loader.yaml_constructors["tag:yaml.org,2002:timestamp"] = _constructors["tag:yaml.org,2002:str"]
_Loader.yaml_constructors[None] = _constructors[None]


def _line(node: yaml.Node | None, path: Path) -> int:
    """The line of what is at `path`, or of the last piece on the way to it that is written there."""
    line = 1
    for part in path:
        step = _step(node, part)
        if step is None:
            break
        line, node = step
    return line


def _step(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
        value = node.value[part]
        return value.start_mark.line + 1, value
    return None
