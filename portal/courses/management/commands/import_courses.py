"""import_courses FILE (or - for standard input): courses, rosters and administrators, as JSON."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.courses.importing import import_roster


class Command(BaseCommand):
    help = "Imports courses, rosters and administrators from JSON; repeating it is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=argparse.FileType(encoding="utf-8"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            import_roster(json.load(options["file"]))
        except (KeyError, TypeError, ValueError) as error:
            raise CommandError(
                f"The file is not a roster: {error!r}. See import_roster in portal/courses/importing.py."
            ) from error
