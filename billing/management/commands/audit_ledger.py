"""audit_ledger: recomputes every balance and looks for what is charged twice, never, or reversed wrongly."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import checker


class Command(BaseCommand):
    help = "Recomputes the whole ledger from its rows; the exit status is 1 where something is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = checker.faults()
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            raise CommandError(f"The ledger is not sound: {len(faults)} faults. Nothing was changed.")
        self.stdout.write(f"The ledger is sound: {checker.size()}.")
