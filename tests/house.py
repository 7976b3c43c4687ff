"""One embedded Slipway for all tests of a run that need a whole one, and people's clients of its API."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded, embedded


@pytest.fixture(scope="session")
def house() -> Iterator[Embedded]:
    """Made by `./slipway up` in a temporary folder; whatever was done to it, its ledger is sound at the end."""
    with embedded() as running:
        yield running
        running.slipway("audit", "ledger")


@pytest.fixture(scope="session")
def person(house: Embedded) -> Callable[[str], Client]:
    """A person's client, logged in with the password of logins.json."""

    def log_in(name: str) -> Client:
        client = Client(house.url)
        client.log_in(name, house.logins[name])
        return client

    return log_in
