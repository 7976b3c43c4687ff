"""The attacks of tests/attacks/test_spark.py where the network lets everybody come: the software refuses by itself."""

import pytest

from tests.attacks.site import Site
from tests.attacks.test_spark import *  # noqa: F403 - pytest takes over the tests and their fixtures by their names


@pytest.fixture(scope="module")
def site(opened: Site) -> Site:
    return opened
