"""The two clusters that all attacks share: one house, one boot."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.attacks.embedded import embedded_site
from tests.attacks.site import Site


@pytest.fixture(scope="session")
def site(house: Embedded, person: Callable[[str], Client]) -> Iterator[Site]:
    with embedded_site(house, person) as made:
        yield made
