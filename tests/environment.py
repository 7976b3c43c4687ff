"""A pytest plugin, loaded before Django: settings under which the portal's code can be imported."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter

import pytest

_storage = tempfile.mkdtemp(prefix="slipway-test-storage-")

# A cloud of the caller's is no business of the tests.
for _name in [name for name in os.environ if name.startswith("OS_")]:
    del os.environ[_name]
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "portal.settings",
    "SLIPWAY_SECRET_KEY": "of the tests, and of nothing else in the world",
    "SLIPWAY_DATABASE_URL": "dbname=portal user=slipway host=/nowhere",
    "SLIPWAY_REDIS_URL": "unix:///nowhere/redis.sock",
    "SLIPWAY_URL": "http://portal.test:8000",
    "SLIPWAY_NODE_URL": "http://127.0.0.1:8000",
    "SLIPWAY_NETWORK": "campus",
    "SLIPWAY_GATEWAY_ADDRESS": "127.88.3.2",
    "SLIPWAY_BUNDLE_VERSION": "1-abcdef012345",
    "SLIPWAY_STORAGE": _storage,
    "SLIPWAY_STATIC_ROOT": _storage,
    # Nobody listens on the discard port of loopback: a cloud that is down, really.
    "OS_AUTH_URL": "http://127.0.0.1:9/v3",
    "OS_USERNAME": "slipway",
    "OS_PASSWORD": "nobody asks for it",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of tests that share a name only one is run where several processes share the tests, and nothing tells."""
    twice = [name for name, number in Counter(item.nodeid for item in items).items() if number > 1]
    if twice:
        raise pytest.UsageError(f"several tests have the name {twice[0]} (and {len(twice) - 1} more such names)")


def pytest_sessionfinish() -> None:
    shutil.rmtree(_storage, ignore_errors=True)
