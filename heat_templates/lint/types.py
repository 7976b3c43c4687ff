"""Resource types: those whose consequences the guards know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from heat_templates.lint.template import Finding, Template

KNOWN = (
    "OS::Cinder::Volume",
    "OS::Cinder::VolumeAttachment",
    "OS::Heat::RandomString",
    "OS::Heat::Value",
    "OS::Heat::WaitCondition",
    "OS::Heat::WaitConditionHandle",
    "OS::Manila::Share",
    "OS::Neutron::FloatingIP",
    "OS::Neutron::FloatingIPAssociation",
    "OS::Neutron::Net",
    "OS::Neutron::Port",
    "OS::Neutron::Router",
    "OS::Neutron::RouterInterface",
    "OS::Neutron::SecurityGroup",
    "OS::Neutron::SecurityGroupRule",
    "OS::Neutron::Subnet",
    "OS::Nova::KeyPair",
    "OS::Nova::Server",
    "OS::Nova::ServerGroup",
    "OS::Zun::Container",
)
WHY = "what a resource of another type does is not guarded, and not every cloud has it"


def find(template: Template) -> Iterator[Finding]:
    for name, resource in template.resources.items():
        kind = resource.get("type")
        if kind not in KNOWN:
            near = difflib.get_close_matches(str(kind), KNOWN, n=1, cutoff=0.8)
            remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(KNOWN)}"
            what = f"unknown resource type {kind}" if kind else "the resource has no type"
            yield Finding(("resources", name, "type"), what, WHY, remedy)
