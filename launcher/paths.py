"""Where things are: the checkout, the home, the cache, the runtime folder."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.problem import Problem

TOP = Path(__file__).resolve().parent.parent
# The systems-wide place for short-lived things: its name is short enough for sockets.
TEMPORARY = Path("/tmp")  # noqa: S108
# Somewhere each of them ends a path: supervisord, Hadoop's lists and variables, Java's class path.
UNUSABLE = set(';#"\n\r\t:,$%')


@dataclass(frozen=True)
class Paths:
    """All folders and files of one home. `run` is short: a Unix socket's path must stay below 108 bytes."""

    top: Path
    home: Path
    cache: Path
    run: Path

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def logins(self) -> Path:
        return self.home / "logins.json"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets.json"

    @property
    def ports(self) -> Path:
        return self.home / "ports.json"

    @property
    def environment(self) -> Path:
        return self.home / "environment.json"

    @property
    def services(self) -> Path:
        return self.home / "services.json"

    @property
    def supervisord_conf(self) -> Path:
        return self.home / "supervisord.conf"

    @property
    def supervisord_pid(self) -> Path:
        return self.home / "supervisord.pid"

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"

    @property
    def redis_socket(self) -> Path:
        return self.run / "redis.sock"

    @property
    def compute_socket(self) -> Path:
        return self.run / "compute.sock"

    @property
    def postgres_data(self) -> Path:
        return self.home / "postgres"

    @property
    def postgres_socket(self) -> Path:
        return self.run / "postgres"

    @property
    def minicloud(self) -> Path:
        return self.home / "minicloud"

    @property
    def settings(self) -> Path:
        return self.minicloud / "settings.json"

    @property
    def cloud(self) -> Path:
        return self.minicloud / "cloud.json"

    @property
    def site(self) -> Path:
        return self.home / "site.json"

    @property
    def containers(self) -> Path:
        return self.home / "containers.json"

    @property
    def block(self) -> Path:
        return self.minicloud / "block.json"

    def log(self, name: str) -> Path:
        return self.home / "log" / f"{name}.log"

    def running(self, name: str) -> Path:
        return self.home / "running" / f"{name}.json"


def runtime_folder(home: Path) -> Path:
    return TEMPORARY / f"slipway-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"


def _folder(
    environ: Mapping[str, str],
    own: str,
    xdg: str,
    fallback: str,
    as_root: str,
    uid: int,
) -> Path:
    if environ.get(own):
        return Path(environ[own])
    if uid == 0:
        return Path(as_root)
    if environ.get(xdg):
        return Path(environ[xdg]) / "slipway"
    if not environ.get("HOME"):
        raise Problem(
            "no folder to keep things in",
            f"none of {own}, {xdg} and HOME is set",
            f"set {own} to a folder that is yours",
        )
    return Path(environ["HOME"]) / fallback / "slipway"


def resolve(environ: Mapping[str, str], uid: int, top: Path = TOP) -> Paths:
    """The paths for this environment and user; symbolic links are resolved, so that one home has one name."""
    home = _folder(
        environ,
        "SLIPWAY_HOME",
        "XDG_DATA_HOME",
        ".local/share",
        "/var/lib/slipway",
        uid,
    )
    cache = _folder(environ, "SLIPWAY_CACHE", "XDG_CACHE_HOME", ".cache", "/var/cache/slipway", uid)
    home, cache = home.resolve(), cache.resolve()
    for what, path in (
        ("SLIPWAY_HOME", home),
        ("SLIPWAY_CACHE", cache),
        ("the checkout", top),
    ):
        odd = sorted(UNUSABLE & set(str(path)))
        if odd:
            raise Problem(
                f"{what} cannot be {str(path)!r}",
                f"configuration files cannot hold {' '.join(map(repr, odd))} in a path",
                "choose a path without it",
            )
    return Paths(top, home, cache, runtime_folder(home))


def closed_ancestor(path: Path) -> Path | None:
    """The first folder on the way to `path`, itself included, that other users cannot pass; None if all are open."""
    for folder in (*reversed(path.parents), path):
        try:
            if not folder.stat().st_mode & stat.S_IXOTH:
                return folder
        except FileNotFoundError:
            return None
    return None


def make_home(paths: Paths, uid: int) -> None:
    """Make the home and the runtime folder, ours alone; as root others (the nodes' uids) may pass, not list."""
    open_to_nodes = 0o711 if uid == 0 else 0o700
    try:
        paths.home.mkdir(parents=True, exist_ok=True)
        if paths.home.stat().st_uid == uid:
            paths.home.chmod(open_to_nodes)
        for name in ("log", "running", "redis", "storage", "done"):
            (paths.home / name).mkdir(mode=0o700, exist_ok=True)
        paths.minicloud.mkdir(mode=open_to_nodes, exist_ok=True)
    except PermissionError as error:
        raise Problem(
            f"cannot write to {paths.home}",
            str(error),
            "set SLIPWAY_HOME to a folder that is yours",
        ) from error
    if uid == 0:
        _refuse_closed(paths.home, "SLIPWAY_HOME")
        _refuse_closed(paths.cache, "SLIPWAY_CACHE")
    make_runtime_folder(paths.run, uid, open_to_nodes)


def _refuse_closed(path: Path, name: str) -> None:
    closed = closed_ancestor(path)
    if closed:
        raise Problem(
            f"{name} is {path}, which the nodes cannot reach",
            f"as root they run under users of their own, and {closed} is closed to others",
            f"set {name} to a folder below one that all may pass, or `chmod o+x {closed}`",
        )


def make_runtime_folder(run: Path, uid: int, mode: int) -> None:
    """All may write there: a folder of that name that is not ours is refused, never used."""
    try:
        run.mkdir(mode=mode)
    except FileExistsError:
        status = run.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != uid:
            raise Problem(
                f"{run} is not a folder of ours",
                f"its owner is uid {status.st_uid}, we are uid {uid}",
                "have it removed by its owner, or set SLIPWAY_HOME to another folder",
            ) from None
    run.chmod(mode)
