"""describe_api [--check]: writes docs/openapi.yaml, or looks whether it is what the code says. No release is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from portal.api.compatibility import breaks
from portal.api.schema import document

DOCS = Path(__file__).parents[4] / "docs"
PRESENT = DOCS / "openapi.yaml"
RELEASED = DOCS / "openapi-released.yaml"  # of the last release; a release copies the present one over it


class Command(BaseCommand):
    help = "Writes docs/openapi.yaml, the description of the API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only look whether it is up to date")

    def handle(self, *args: Any, **options: Any) -> None:
        described = document()
        validate_schema(described)  # type: ignore[no-untyped-call]
        if GENERATOR_STATS:
            GENERATOR_STATS.emit_summary()
            raise CommandError("Some views do not say what they take or answer: see above, and use extend_schema.")
        text = yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=120)
        if faults := breaks(yaml.safe_load(RELEASED.read_text()), described):
            lines = "\n".join(f"  {fault}" for fault in faults)
            raise CommandError(f"Programs that were written for the last release would stumble over this:\n{lines}")
        if not options["check"]:
            PRESENT.write_text(text)
        elif PRESENT.read_text() != text:
            raise CommandError(f"{PRESENT} is not what the code says. Run `.ci/describe`, and look at what changed.")
