"""import_rates FILE (or - for standard input): first prices of things, and first credits of courses, as JSON."""

from __future__ import annotations

import argparse
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from billing import ledger, rates
from billing.errors import Wrong
from billing.metering import full_hour


class Command(BaseCommand):
    help = (
        'Introduces prices and grants: {"rates": [{"kind", "name", "price"}], "grants": [{"course", "credits"}]}. '
        "What has a price keeps it, and a course gets its first grant once: repeating it is harmless."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=argparse.FileType(encoding="utf-8"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                self._import(json.load(options["file"]))
        except (KeyError, TypeError, ValueError, InvalidOperation, Wrong) as error:
            raise CommandError(f"These are no rates and grants: {error!r}. {self.help}") from error

    def _import(self, document: dict[str, Any]) -> None:
        start = full_hour(timezone.now())
        introduced = [
            each["name"] or each["kind"]
            for each in document["rates"]
            if rates.introduce(each["kind"], each["name"], Decimal(each["price"]), start)
        ]
        for grant in document["grants"]:
            course = grant["course"]
            ledger.grant("", Decimal(grant["credits"]), course=course, memo="the first grant", key=f"first-{course}")
        self.stdout.write(f"New prices: {', '.join(introduced) or 'none'}.")
