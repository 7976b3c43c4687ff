"""Servers that are containers of this machine's Docker engine: each with its own address, bounds and root folder.

A container is given what Nova gives a server: user-data for cloud-init, an address, a flavor. Its root folder is the
image's and what the server wrote; it stays while the server is stopped, and goes with it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minicloud import init, processes, server
from minicloud.addresses import Block
from minicloud.driver import Started
from minicloud.errors import AwayError, MinicloudError
from minicloud.files import make_folder, tail
from minicloud.mount_service import DOOR
from minicloud.mounts import World
from minicloud.settings import Containers, Settings
from minicloud.user_data import File

# No answer of the engine's is waited for longer.
ENGINE_SECONDS = 30
HOME_LABEL, SERVER_LABEL = "slipway.home", "slipway.server"
# What cloud-init and the boot need as root before the node's own user takes over; all else is dropped.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID")
# Processes and threads: a Java program has dozens.
PIDS_EACH_VCPU = 2048
# Inside: the folder with the door for mounts, closed to all but root; the console.
RUN, CONSOLE = "/run/slipway-server", "/var/log/console.log"
SEED = "/var/lib/cloud/seed/nocloud"
# On a volume: HDFS's blocks, jobs, packages. What is written a lot is slow in a layer over an image.
DATA = "/var/lib/slipway"
RUNNING = ("running", "paused", "restarting")


def name_of(identifier: str) -> str:
    return f"slipway-{identifier}"


def bounds(flavor: dict[str, Any]) -> dict[str, Any]:
    """A flavor in the engine's words; no swap beyond the memory."""
    memory = flavor["memory_mb"] << 20
    return {
        "mem_limit": memory,
        "memswap_limit": memory,
        "nano_cpus": flavor["vcpus"] * 10**9,
        "pids_limit": flavor["vcpus"] * PIDS_EACH_VCPU,
    }


def host_options(record: dict[str, Any], folder: Path, run: Path) -> dict[str, Any]:
    """How the engine runs a server's container."""
    return {
        **bounds(record["flavor"]),
        # The door is knocked at, and its folder is not changed: its root's files would be this machine's root's.
        "binds": {str(run): {"bind": RUN, "mode": "ro"}, str(folder / "console.log"): {"bind": CONSOLE, "mode": "rw"}},
        # What stands there belongs to one start of a machine.
        "tmpfs": {"/run": "mode=755,size=64m"},
        "cap_drop": ["ALL"],
        "cap_add": list(CAPABILITIES),
        "security_opt": ["no-new-privileges"],
        "log_config": {"Type": "none"},
        # Should this machine's memory end: before the portal and the cloud.
        "oom_score_adj": init.FIRST_TO_BE_KILLED,
        # Whether it starts is compute's to say, and nobody else's.
        "restart_policy": {"Name": "no"},
    }


def data_volume(labels: dict[str, str]) -> dict[str, Any]:
    """Without a name: it goes with its container. In the words of the engine's API."""
    return {"Type": "volume", "Target": DATA, "VolumeOptions": {"Labels": labels}}


def files_of(identifier: str, record: dict[str, Any]) -> list[File]:
    """What a container has over its image: cloud-init's data source, and programs that ask compute for mounts."""
    about = json.dumps({"instance-id": identifier, "local-hostname": record["name"]})
    return [
        {"path": f"{SEED}/meta-data", "content": about, "permissions": 0o600},
        {"path": f"{SEED}/user-data", "content": record["user_data"], "permissions": 0o600},
        *server.mount_programs("/usr/bin/python3", "/", f"{RUN}/{DOOR}", "/usr/local/sbin"),
    ]


def packed(files: list[File]) -> bytes:
    """A tar of the files, root's."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for file in files:
            content = file["content"].encode()
            entry = tarfile.TarInfo(file["path"].lstrip("/"))
            entry.size, entry.mode = len(content), file["permissions"]
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


class ContainerDriver:
    def __init__(self, settings: Settings, containers: Containers) -> None:
        self.settings = settings
        self.containers = containers
        self._api: Any = None

    @contextlib.contextmanager
    def _engine(self) -> Iterator[Any]:
        """The engine's API; what goes wrong there has our words."""
        # Nobody else needs it: the services of OpenStack share this environment, unit tests have none.
        import docker
        import requests

        try:
            if self._api is None:
                self._api = docker.APIClient(self.containers.engine, version="auto", timeout=ENGINE_SECONDS)
            yield self._api
        except docker.errors.APIError as error:
            raise MinicloudError(f"the Docker engine refuses: {error.explanation or error}") from None
        except (docker.errors.DockerException, requests.RequestException) as error:
            raise AwayError(f"the Docker engine at {self.containers.engine} does not answer: {error}") from None

    def check(self, block: Block) -> None:
        with self._engine() as engine:
            engine.ping()
            for names, kind, wanted in (
                ([each["Name"] for each in engine.networks()], "network", self.containers.network),
                ([tag for each in engine.images() for tag in each["RepoTags"] or ()], "image", self.containers.image),
            ):
                if wanted not in names:
                    raise MinicloudError(f"the Docker engine has no {kind} {wanted}; `./slipway up` makes it")

    def start(self, identifier: str, record: dict[str, Any], folder: Path, state: dict[str, Any] | None) -> Started:
        (folder / "console.log").touch(0o600)
        make_folder(self.settings.run / "s", 0o711)
        make_folder(server.run_folder(self.settings, identifier), 0o700)
        with self._engine() as engine:
            found = self._look(engine, identifier)
            if found is not None and found["State"]["Status"] == "created":
                # Nobody knows whether it got its files.
                engine.remove_container(found["Id"], v=True, force=True)
                found = None
            if found is None:
                self._create(engine, identifier, record, folder)
            engine.start(name_of(identifier))
            pid = engine.inspect_container(name_of(identifier))["State"]["Pid"]
        began = processes.start_time(pid) if pid else None
        if began is None:
            raise MinicloudError("its first process ended at once: " + tail(folder / "console.log", 400).strip())
        return Started(pid, began)

    def _create(self, engine: Any, identifier: str, record: dict[str, Any], folder: Path) -> None:
        address = record["ports"][0]["address"] if record["ports"] else None
        endpoint = engine.create_endpoint_config(ipv4_address=address)
        labels = {HOME_LABEL: str(self.settings.home), SERVER_LABEL: identifier}
        options = host_options(record, folder, server.run_folder(self.settings, identifier))
        engine.create_container(
            self.containers.image,
            name=name_of(identifier),
            hostname=record["name"],
            environment={processes.MARKER: identifier, "SLIPWAY_CONSOLE": CONSOLE, "LANG": "C.UTF-8"},
            labels=labels,
            host_config=engine.create_host_config(
                network_mode=self.containers.network, mounts=[data_volume(labels)], **options
            ),
            networking_config=engine.create_networking_config({self.containers.network: endpoint}),
        )
        engine.put_archive(name_of(identifier), "/", packed(files_of(identifier, record)))

    def _look(self, engine: Any, identifier: str) -> Any:
        """What the engine knows of a server's container; None where there is none."""
        found = engine.containers(all=True, filters={"label": f"{SERVER_LABEL}={identifier}"})
        return engine.inspect_container(found[0]["Id"]) if found else None

    def world(self, identifier: str, started: Started) -> World | None:
        # The node's user has in shares what their owner has. Only root may go into another's namespace.
        return World(started.pid, Path("/"), self.settings.uid_base) if os.geteuid() == 0 else None

    def ask_to_end(self, identifier: str, descriptor: int) -> None:
        with contextlib.suppress(MinicloudError), self._engine() as engine:
            engine.kill(name_of(identifier), "SIGTERM")

    def kill(self, identifier: str, state: dict[str, Any] | None) -> bool:
        with self._engine() as engine:
            found = self._look(engine, identifier)
            if found is None or found["State"]["Status"] not in RUNNING:
                return False
        # It may end by itself just now.
        with contextlib.suppress(MinicloudError), self._engine() as engine:
            engine.kill(found["Id"])
        return True

    def remove(self, identifier: str, folder: Path) -> None:
        with self._engine() as engine:
            found = self._look(engine, identifier)
            if found is not None:
                engine.remove_container(found["Id"], v=True, force=True)
        server.remove(self.settings, identifier, folder)
