"""A pytest plugin, loaded before Django: settings under which the portal's code can be imported."""

from __future__ import annotations

import os
import shutil
import tempfile

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


def pytest_sessionfinish() -> None:
    shutil.rmtree(_storage, ignore_errors=True)
