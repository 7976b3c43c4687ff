"""Servers that an update of the stack would replace."""

from __future__ import annotations

from collections.abc import Iterator

from heat_templates.lint.template import Finding, Template


def find(template: Template) -> Iterator[Finding]:
    for path, properties in template.of_type("OS::Nova::Server"):
        policy = properties.get("user_data_update_policy")
        if policy != "IGNORE":
            what = "user_data_update_policy is not IGNORE" if policy else "user_data_update_policy: IGNORE is missing"
            why = "Heat would replace the server, and lose its disk, when its user_data changes"
            remedy = "write user_data_update_policy: IGNORE among its properties"
            where = (*path, "user_data_update_policy") if policy else path
            yield Finding(where, what, why, remedy)
