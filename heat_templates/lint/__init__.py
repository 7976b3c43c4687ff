"""Guards for Heat templates: what Heat itself would take, and what would hurt.

Any HOT text can be judged. What a caller gives later (a parameter without a default, an attribute) is not known here
and is not judged; what the guards are about must therefore be written out in the template.
"""

from __future__ import annotations

from heat_templates import limits
from heat_templates.lint import (
    containers,
    numbers,
    ports,
    references,
    secrets,
    security_groups,
    servers,
    storage,
    types,
)
from heat_templates.lint.template import Finding, Template, Unreadable, read

__all__ = ["Finding", "Template", "Unreadable", "judge", "lint", "read"]

RULES = (
    types.find,
    references.find,
    security_groups.find,
    ports.find,
    servers.find,
    storage.find,
    containers.find,
    secrets.find,
    numbers.find,
)


def lint(text: str) -> list[Finding]:
    """What is wrong with a template, in the order of its lines. Raises Unreadable where the text is no HOT template."""
    size = len(text.encode(errors="surrogatepass"))
    if size > limits.TEMPLATE_BYTES:
        why = f"Heat reads no more than {limits.TEMPLATE_BYTES} bytes"
        return [Finding((), f"the template has {size} bytes", why, "ask for fewer nodes, or split the stack", 1)]
    return judge(read(text))


def judge(template: Template) -> list[Finding]:
    return template.with_lines([finding for rule in RULES for finding in rule(template)])
