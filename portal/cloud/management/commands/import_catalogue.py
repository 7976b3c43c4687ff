"""import_catalogue [FILE]: flavors, images and share types; from a file (- for standard input), or from the cloud."""

from __future__ import annotations

import argparse
import json
from typing import IO, Any

from django.core.exceptions import FieldError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from portal.cloud import catalogue, identity
from portal.cloud.offer import Document, chosen, offer
from portal.cloud.sessions import CloudRefused, CloudUnavailable

NO_PROJECT = (
    "The service user has a role in no project. Give it the roles member and heat_stack_owner in each course's project."
)


class Command(BaseCommand):
    help = "Makes the catalogue of flavors, images and share types what the cloud offers, or what a JSON document says."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=argparse.FileType(encoding="utf-8"), help="the cloud where none is given"
        )
        parser.add_argument(
            "--flavor",
            action="append",
            default=[],
            metavar="PATTERN",
            help="only these of the cloud's flavors; may be repeated",
        )
        parser.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        document = self._read(options["file"]) if options["file"] else self._ask(options["flavor"])
        before = catalogue.document()
        try:
            with transaction.atomic():
                catalogue.import_catalogue(document)
                lines = catalogue.differences(before, catalogue.document())
                transaction.set_rollback(options["dry_run"])
        except (KeyError, TypeError, ValueError, FieldError, IntegrityError) as error:
            raise CommandError(
                f"This is not a catalogue: {error!r}. See import_catalogue in portal/cloud/catalogue.py."
            ) from error
        counts = ", ".join(f"{len(entries)} {key.replace('_', ' ')}" for key, entries in document.items())
        done = "It would be" if options["dry_run"] else "The catalogue is"
        self.stdout.write("\n".join([*lines, f"{done} {counts}: {len(lines) or 'no'} changes."]))

    def _read(self, file: IO[str]) -> Any:
        try:
            return json.load(file)
        except ValueError as error:
            raise CommandError(f"{file.name} is not JSON: {error}") from error

    def _ask(self, patterns: list[str]) -> Document:
        try:
            projects = identity.projects()
            if not projects:
                raise CommandError(NO_PROJECT)
            document, remarks = offer([project.id for project in projects])
        except (CloudUnavailable, CloudRefused) as error:
            raise CommandError(
                f"The cloud could not be asked: {error}. `./slipway doctor --cloud NAME` says more."
            ) from error
        for remark in remarks:
            self.stderr.write(remark)
        return {**document, "flavors": chosen(document["flavors"], patterns)}
