"""python -m heat_templates SPEC.yaml [--parameters|--json]: prints the template, and says what it comes to."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import yaml

from heat_templates import limits
from heat_templates.render import Rendering, most_workers, render
from heat_templates.runtimes import RUNTIMES
from heat_templates.spec import ClusterSpec, SpecError


def main() -> int:
    parser = argparse.ArgumentParser(prog="slipway render", description="Renders a cluster's Heat template.")
    parser.add_argument("spec", type=Path, help="a YAML file with the fields of a ClusterSpec")
    parser.add_argument("--runtime", choices=[*RUNTIMES], help="in place of the spec's: what the machines are")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--parameters", action="store_true", help="print the parameters' values as JSON instead")
    shape.add_argument("--json", action="store_true", help="print template, parameters and figures as JSON instead")
    options = parser.parse_args()
    try:
        values = yaml.safe_load(options.spec.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise SpecError({str(options.spec): "must hold a mapping of fields; examples/cluster.yaml is one"})
        spec = ClusterSpec.from_mapping(values | ({"runtime": options.runtime} if options.runtime else {}))
        rendering, most = render(spec), most_workers(spec)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        print(f"slipway render: cannot read {options.spec}: {error}", file=sys.stderr)
        return 2
    except SpecError as error:
        print("slipway render: the spec is not right", file=sys.stderr)
        for field, why in error.fields.items():
            print(f"  {field}: {why}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({**rendering._asdict(), "figures": {**rendering.figures._asdict(), "most_workers": most}}))
    elif options.parameters:
        print(json.dumps(rendering.parameters, indent=2))
    else:
        print(rendering.template, end="")
        print(in_words(rendering, most), file=sys.stderr)
    return 0


def in_words(rendering: Rendering, most: int) -> str:
    resources, template_bytes, node_bytes = rendering.figures
    return (
        f"{resources:,} resources (Heat takes {limits.RESOURCES:,}), {template_bytes:,} bytes of template"
        f" ({limits.TEMPLATE_BYTES:,}), user-data of up to {node_bytes:,} bytes a node ({limits.NODE_BYTES:,});"
        f" {most} workers would be the most"
    )


if __name__ == "__main__":
    sys.exit(main())
