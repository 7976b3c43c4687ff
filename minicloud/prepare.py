"""prepare: configuration, addresses, schemas, keys and Keystone's first user. Idempotent; needs no running service."""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from minicloud.errors import MinicloudError
from minicloud.files import read_json, write_json
from minicloud.openstack import configuration, database
from minicloud.registry import Registry
from minicloud.settings import ADMIN_USER, REGION, Settings

LOG = logging.getLogger("prepare")
PACKAGES = {"keystone": "keystone", "heat": "openstack-heat", "manila": "manila"}
MIGRATIONS = {"keystone": ("db_sync",), "heat": ("db_sync",), "manila": ("db", "sync")}
STEP_SECONDS = 300


def prepare(settings: Settings) -> None:
    """Make the home ready for `keystone`, `heat`, `manila` and `compute`.

    Raises:
        MinicloudError: a database is missing, a migration failed, or no addresses are free.
    """
    configuration.write(settings)
    registry = Registry(settings.home)
    registry.prepare(containers=settings.containers is not None)
    LOG.info("addresses %s", registry.choose_block(settings.containers))
    marks = settings.home / "prepared.json"
    done = read_json(marks) or {}
    stale = [name for name, mark in done_marks(settings).items() if done.get(name) != mark or not mark["schema"]]
    # Side by side: each takes 12 s of one core on an empty database.
    with ThreadPoolExecutor() as pool:
        steps = [pool.submit(_migrate, settings, name) for name in stale] + [pool.submit(_keys, settings)]
        for step in steps:
            step.result()
    if "keystone" in stale:
        # The users of a database that was made anew are gone.
        done.pop("bootstrap", None)
    done |= done_marks(settings)
    write_json(marks, done)
    wanted = {
        "keystone_port": settings.keystone_port,
        "admin": hashlib.sha256(settings.admin_password.encode()).hexdigest(),
    }
    if done.get("bootstrap") != wanted:
        _bootstrap(settings)
        write_json(marks, done | {"bootstrap": wanted})


def done_marks(settings: Settings) -> dict[str, dict[str, object]]:
    """What a finished migration of each database looks like now: the package's version, the schema's revisions."""
    return {
        name: {"version": importlib.metadata.version(package), "schema": schema(settings, name)}
        for name, package in PACKAGES.items()
    }


def _migrate(settings: Settings, name: str) -> None:
    LOG.info("migrating the database of %s", name)
    _manage(settings, name, *MIGRATIONS[name])


def schema(settings: Settings, name: str) -> list[str]:
    """The revisions of a database's schema; empty where it has none yet.

    Raises:
        MinicloudError: there is no such database.
    """
    connection = database.connect(settings, name)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
            row = cursor.fetchone()
            if not row or not row[0]:
                return []
            cursor.execute("SELECT version_num FROM alembic_version ORDER BY 1")
            return [str(row[0]) for row in cursor.fetchall()]
    finally:
        connection.close()


def _keys(settings: Settings) -> None:
    for verb, repository in (("fernet_setup", "fernet"), ("credential_setup", "credential")):
        # Key 0 is written first: a set-up that was cut short has no key 1, and is done again.
        if not (settings.keys / repository / "1").exists():
            owner = ["--keystone-user", str(os.geteuid()), "--keystone-group", str(os.getegid())]
            _manage(settings, "keystone", verb, *owner)


def _bootstrap(settings: Settings) -> None:
    urls = [
        word
        for interface in ("public", "internal", "admin")
        for word in (f"--bootstrap-{interface}-url", settings.auth_url)
    ]
    names = ["--bootstrap-username", ADMIN_USER, "--bootstrap-region-id", REGION]
    # In the environment, not in the arguments: those can be read by every user of the machine.
    password = {"OS_BOOTSTRAP_PASSWORD": settings.admin_password}
    _manage(settings, "keystone", "bootstrap", *names, *urls, environment=password)


def _manage(settings: Settings, name: str, *words: str, environment: dict[str, str] | None = None) -> None:
    program = Path(sys.executable).with_name(f"{name}-manage")
    # The empty folder keeps a stock installation's /etc out.
    command = [str(program), "--config-file", str(settings.etc / f"{name}.conf")]
    command += ["--config-dir", str(settings.etc / "empty"), *words]
    try:
        result = subprocess.run(
            command,
            env=dict(os.environ, PYTHONWARNINGS="ignore", **(environment or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MinicloudError(
            f"`{name}-manage {words[0]}` took longer than {STEP_SECONDS} s; look at the machine's load and disk"
        ) from None
    if result.returncode != 0:
        raise MinicloudError(f"`{name}-manage {' '.join(words)}` failed:\n{result.stdout[-3000:].strip()}")
