"""import_rates FILE (or - for standard input): first prices of things, and first credits of courses, as JSON."""

from __future__ import annotations

import argparse
import json
from decimal import InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.errors import Wrong
from portal.credits.importing import import_first


class Command(BaseCommand):
    help = (
        'Introduces prices and grants: {"rates": [{"kind", "name", "price"}], "grants": [{"course", "credits"}]}. '
        "What has a price keeps it, and a course gets its first grant once: repeating it is harmless."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=argparse.FileType(encoding="utf-8"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            introduced = import_first(json.load(options["file"]))
        except (KeyError, TypeError, ValueError, InvalidOperation, Wrong) as error:
            raise CommandError(f"These are no rates and grants: {error!r}. {self.help}") from error
        names = ", ".join(rate.name or rate.kind for rate in introduced)
        self.stdout.write(f"New prices: {names or 'none'}.")
