"""create_token USER: prints a new API token."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.models import User
from portal.accounts.tokens import issue_for_log_in


class Command(BaseCommand):
    help = "Prints a new API token of USER."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            # Who is here longest: behind them may come thousands of a roster.
            known = ", ".join(User.objects.order_by("pk").values_list("username", flat=True)[:20])
            raise CommandError(f"There is no user {options['username']!r}. Known are: {known or 'none yet'}.")
        self.stdout.write(issue_for_log_in(user).secret)
