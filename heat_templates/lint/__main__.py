"""python -m heat_templates.lint TEMPLATE...: prints what is wrong; exit status 1 with findings, 2 when unreadable."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from heat_templates.lint import Finding, Unreadable, lint

FOUND, UNREADABLE = 1, 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="slipway lint", description="Looks for what is wrong with Heat templates.")
    parser.add_argument("templates", nargs="+", metavar="TEMPLATE", help="a HOT file; - is the standard input")
    return max(check(name) for name in parser.parse_args().templates)


def check(name: str) -> int:
    """The exit status for one template."""
    try:
        findings = lint(text_of(name))
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        print(f"slipway lint: cannot read {name}: {error}", file=sys.stderr)
        return UNREADABLE
    for finding in findings:
        print(describe(name, finding))
    print(f"{name}: {len(findings)} findings" if findings else f"{name}: nothing found")
    return FOUND if findings else 0


def text_of(name: str) -> str:
    content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    return content.decode("utf-8")


def describe(name: str, finding: Finding) -> str:
    return (
        f"{name}:{finding.line}: {finding.where}\n"
        f"    what: {finding.what}\n    why:  {finding.why}\n    do:   {finding.remedy}"
    )


if __name__ == "__main__":
    sys.exit(main())
