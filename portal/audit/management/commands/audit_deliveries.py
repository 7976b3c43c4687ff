"""Whether letters and notices arrive."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone

from portal.audit import deliveries


class Command(BaseCommand):
    help = "Say what mail servers and the university's billing have not taken; exit status 1 where that is something."

    def handle(self, *_: Any, **__: Any) -> None:
        try:
            found = list(deliveries.troubles(timezone.now()))
        except OperationalError as error:
            raise CommandError("The database does not answer: `./slipway status` says what runs.") from error
        for line in found:
            self.stdout.write(line)
        if found:
            self.stdout.write("The page Undelivered shows each of them.")
            sys.exit(1)
        self.stdout.write("Letters and notices arrive.")
