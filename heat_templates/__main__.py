"""python -m heat_templates SPEC.yaml [--parameters]: prints the template (or the values of its parameters)."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import yaml

from heat_templates.render import render
from heat_templates.spec import ClusterSpec, SpecError


def main() -> int:
    parser = argparse.ArgumentParser(prog="slipway render", description="Renders a cluster's Heat template.")
    parser.add_argument("spec", type=Path, help="a YAML file with the fields of a ClusterSpec")
    parser.add_argument("--parameters", action="store_true", help="print the parameters' values as JSON instead")
    options = parser.parse_args()
    try:
        values = yaml.safe_load(options.spec.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise SpecError({str(options.spec): "must hold a mapping of fields; examples/cluster.yaml is one"})
        rendering = render(ClusterSpec.from_mapping(values))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        print(f"slipway render: cannot read {options.spec}: {error}", file=sys.stderr)
        return 2
    except SpecError as error:
        print("slipway render: the spec is not right", file=sys.stderr)
        for field, why in error.fields.items():
            print(f"  {field}: {why}", file=sys.stderr)
        return 2
    print(json.dumps(rendering.parameters, indent=2) if options.parameters else rendering.template, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
