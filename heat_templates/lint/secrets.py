"""Secrets: they come as hidden parameters or from Heat itself, and do not go out again."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from heat_templates.lint.template import Finding, Path, Template, function, parameter_of, resource_of, walk

# fmt: off
SECRET_WORDS = (
    "password", "passwd", "pwd", "passphrase", "pass", "secret", "token", "credential", "key", "apikey",
    "accesskey", "privatekey", "authkey",
)
# What only speaks about a secret: password_length, token_url, key_name ...
ABOUT_WORDS = (
    "name", "id", "length", "size", "type", "format", "policy", "ttl", "timeout", "lifetime", "url",
    "endpoint", "path", "file",
)
# fmt: on
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
# Attributes of a wait condition's handle that hold its token.
SIGNALS = ("curl_cli", "signal")
WHY = "everybody who may look at the stack can read it, and Heat's database keeps it in clear"
DECLARE = "declare a parameter with hidden: true and no default, and give its value when the stack is made"


@functools.lru_cache(maxsize=10_000)
def looks_secret(name: str) -> bool:
    words = [word.lower() for word in WORD.findall(name)]
    if not words or words[-1] in ABOUT_WORDS or "public" in words or "pair" in words:
        return False
    return any(word in SECRET_WORDS or word.removesuffix("s") in SECRET_WORDS for word in words)


def find(template: Template) -> Iterator[Finding]:
    places = list(_secret_places(template))
    used = {name: path for path, value in places if isinstance(name := parameter_of(value), str)}
    for name, parameter in template.parameters.items():
        path: Path = ("parameters", name)
        hidden = _is_hidden(parameter)
        if not hidden and (name in used or (looks_secret(name) and not _is_keypair(parameter))):
            use = f", used at {'.'.join(map(str, used[name]))}," if name in used else ""
            yield Finding(path, f"the parameter{use} looks like a secret and is not hidden", WHY, "add hidden: true")
        if hidden and parameter.get("default"):
            what = "the hidden parameter has a default, which the template shows"
            yield Finding((*path, "default"), what, WHY, "remove the default")
    yield from _literals(template, places)
    yield from _outputs(template)


def _is_hidden(parameter: Mapping[str, Any]) -> bool:
    return str(parameter.get("hidden")).lower() == "true"


def _is_keypair(parameter: Mapping[str, Any]) -> bool:
    return any(value == "nova.keypair" for _, value in walk(parameter.get("constraints")))


def _secret_places(template: Template) -> Iterator[tuple[Path, Any]]:
    """What stands in the resources under a name that looks like a secret's."""
    for path, value in template.places:
        if len(path) > 2 and path[0] == "resources":
            name = path[-1]
            # `key` alone is the other half of `value`.
            if isinstance(name, str) and name.lower() not in ("key", "keys") and looks_secret(name):
                yield path, value


def _literals(template: Template, secrets: Sequence[tuple[Path, Any]]) -> Iterator[Finding]:
    for path, value in secrets:
        if value and isinstance(value, str | int | float) and not isinstance(value, bool):
            yield Finding(path, "a secret stands in the template", WHY, DECLARE)
    for path, value in template.places:
        if isinstance(value, str) and PRIVATE_KEY.search(value):
            yield Finding(path, "a private key stands in the template", WHY, DECLARE)


def _outputs(template: Template) -> Iterator[Finding]:
    for name, output in template.outputs.items():
        secret = _carried(template, output.get("value"), ())
        if secret:
            what = f"the output shows {secret}"
            yield Finding(("outputs", name, "value"), what, WHY, "remove the output; who needs the secret has it")


def _carried(template: Template, value: Any, seen: tuple[str, ...]) -> str | None:
    """The secret that a value would show; None where it shows none."""
    for _, each in walk(value):
        name = parameter_of(each)
        if isinstance(name, str) and _is_hidden(template.parameters.get(name, {})):
            return f"the hidden parameter {name}"
        secret = _carried_by_attribute(template, each, seen) if function(each) == "get_attr" else None
        if secret:
            return secret
    return None


def _carried_by_attribute(template: Template, value: Any, seen: tuple[str, ...]) -> str | None:
    name = resource_of(value)
    resource = template.resources.get(name, {}) if isinstance(name, str) else {}
    parts = [part for part in value["get_attr"][1:] if isinstance(part, str)] if resource else []
    if resource.get("type") == "OS::Heat::RandomString":
        return f"the random string {name}"
    if any(looks_secret(part) or part in SIGNALS for part in parts):
        return f"{' '.join(parts)} of {name}"
    if resource.get("type") == "OS::Heat::Value" and name not in seen:
        return _carried(template, resource.get("properties"), (*seen, name))
    return None
