"""import_catalogue FILE (or - for standard input): flavors, images and share types, as JSON."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.core.exceptions import FieldError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from portal.cloud.catalogue import import_catalogue


class Command(BaseCommand):
    help = "Makes the catalogue of flavors, images and share types what a JSON document says."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=argparse.FileType(encoding="utf-8"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            import_catalogue(json.load(options["file"]))
        except (KeyError, TypeError, ValueError, FieldError, IntegrityError) as error:
            raise CommandError(
                f"The file is not a catalogue: {error!r}. See import_catalogue in cloud/catalogue.py."
            ) from error
