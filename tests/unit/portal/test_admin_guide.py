"""The administrator's guide says what the code does: its figures are the generator's, its ports the manifest's."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

import heat_templates
from cloudinit import frameworks
from portal.cloud import quotas

TOP = Path(__file__).parents[3]
GUIDE = (TOP / "docs" / "admin-guide.md").read_text(encoding="utf-8")
WORKERS = (2, 10, 50)
COUNTED = ("instances", "ports", "security groups", "security group rules", "stacks")


def quota_table() -> list[str]:
    values = yaml.safe_load((TOP / "examples" / "cluster.yaml").read_text(encoding="utf-8"))
    specs = [heat_templates.ClusterSpec.from_mapping({**values, "workers": count}) for count in WORKERS]
    renderings = [heat_templates.render(spec) for spec in specs]
    needed = [quotas.needs(yaml.safe_load(rendering.template), 1, 1) for rendering in renderings]
    rows = [[name, *(str(needs[name]) for needs in needed)] for name in COUNTED]
    rows.append(["resources in Heat (of 1000)", *(str(rendering.figures.resources) for rendering in renderings)])
    return [f"| {' | '.join(row)} |" for row in rows]


def port_table() -> list[str]:
    manifest = frameworks.manifest("spark")
    pages = {page.port: page.for_visitors for page in manifest.pages}
    more = {None: "", False: ", the gateway", True: ", the gateway, visitors"}
    return [
        f"| {port.role} | {port.number} | the cluster's nodes{more[pages.get(port.number)]} | {port.name} |"
        for port in manifest.ports
    ]


def test_the_quotas_of_a_cluster_are_those_of_its_template() -> None:
    assert "\n".join(quota_table()) in GUIDE


def test_every_port_of_a_node_stands_in_the_guide_with_who_may_reach_it() -> None:
    assert "\n".join(port_table()) in GUIDE


def test_every_setting_of_the_portal_stands_in_the_guide() -> None:
    settings = (TOP / "portal" / "settings.py").read_text(encoding="utf-8")
    names = set(re.findall(r'env\.\w+\(\s*"(SLIPWAY_\w+)"', settings))
    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in GUIDE} == set()


def test_what_a_log_in_by_key_needs_takes_nothing_from_cloud_inits_other_modules() -> None:
    own = yaml.safe_load((TOP / "launcher/image/tree/etc/cloud/cloud.cfg.d/90-slipway.cfg").read_text(encoding="utf-8"))
    login = yaml.safe_load(GUIDE.split("99-login.cfg`:\n```yaml\n")[1].partition("```")[0])
    assert login == {
        "cloud_init_modules": [*own["cloud_init_modules"], "users-groups", "ssh"],
        "users": ["default"],
    }
