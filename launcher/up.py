"""`./slipway up`: from a checkout to a portal that answers, each step skipped when it is done."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from launcher import (
    bundle,
    clock,
    configuration,
    containers,
    control,
    credentials,
    doctor,
    environments,
    ports,
    postgres,
    redis,
    services,
    site,
    supervisor,
    system,
)
from launcher.console import Console, Step
from launcher.engine import Engine
from launcher.environments import python_of
from launcher.files import fingerprint, locked, read_json, tree_fingerprint, write_atomically, write_json
from launcher.image import layers
from launcher.paths import Paths, make_home
from launcher.postgres import Postgres
from launcher.problem import Problem
from launcher.service import Service
from launcher.supervisor import Supervisor


def up(paths: Paths, wanted_port: int | None, console: Console) -> str:
    """Bring everything up; the portal's address. Problem when something stands in the way."""
    try:
        engine = containers.settle(paths, os.environ)
        make_home(paths, os.geteuid())
        with locked(
            paths.lock, lambda holder: console.say(f"Another command works on this home: waiting for {holder}.")
        ) as held:
            # `reset` may have taken the folders away while we waited.
            make_home(paths, os.geteuid())
            return Ascent(paths, wanted_port, console, held, engine).run()
    except (Problem, OSError) as trouble:
        raise doctor.full_disk(trouble, doctor.free_disk(paths)) or trouble from trouble


class Ascent:
    """One `up`: the steps in their order and what they hand on to one another."""

    def __init__(
        self, paths: Paths, wanted_port: int | None, console: Console, held: int, engine: Engine | None
    ) -> None:
        """`engine`: of the nodes, where they are containers."""
        self.paths = paths
        self.engine = engine
        self.nodes: dict[str, str] | None = None
        self.wanted_port = wanted_port
        self.console = console
        self.held = held
        self.keeper = Supervisor(paths)
        self.started: dict[str, Service] = {}
        self.cloud: dict[str, Any] = {}
        self.minicloud = Path()

    def run(self) -> str:
        self.site = site.settle(self.paths, os.environ)
        embedded_cloud: list[tuple[str, Callable[[Step], None]]] = [
            ("cloud set-up", self.prepare_cloud),
            ("keystone", self.start_keystone),
            ("cloud seed", self.seed_cloud),
            ("cloud", self.start_cloud),
        ]
        steps: list[tuple[str, Callable[[Step], None]]] = [
            ("checks", self.check),
            ("environments", self.make_environments),
            ("bundle", self.make_bundle),
            *([("containers", self.prepare_containers)] if self.engine else []),
            ("home", self.settle),
            ("supervisor", self.start_supervisor),
            ("postgres", self.start_postgres),
            *([] if self.site else embedded_cloud),
            ("portal set-up", self.prepare_portal),
            ("portal", self.start_portal),
            ("answers", self.wait_for_all),
        ]
        for title, action in steps:
            with self.console.step(title) as step:
                action(step)
        return self.environment["SLIPWAY_URL"]

    def check(self, step: Step) -> None:
        checks = doctor.judge(doctor.gather(self.paths, "web" in control.recorded(self.paths)))
        trouble = doctor.other_trouble(checks)
        if trouble:
            raise trouble
        packages = doctor.missing_packages(checks)
        if packages:
            system.install(packages, step.say)
        warnings = [check for check in checks if check.verdict == doctor.WARNING and check.name != "port"]
        for check in warnings:
            step.say(f"{check.name}: {check.text}")
        step.result = (
            f"{len(checks)} checks, {len(packages)} packages installed" if packages else f"{len(checks)} checks"
        )

    def make_environments(self, step: Step) -> None:
        self.portal = environments.ensure(self.paths, "portal", step.say)
        described = {"portal": environments.describe(self.portal)}
        if not self.site:
            self.minicloud = environments.ensure(self.paths, "minicloud", step.say)
            described["minicloud"] = environments.describe(self.minicloud)
        step.result = "; ".join(f"{name}: {text}" for name, text in described.items())

    def make_bundle(self, step: Step) -> None:
        self.bundle = bundle.ensure(self.paths, self.portal, step.say, [self.held])
        step.result = self.bundle.name

    def prepare_containers(self, step: Step) -> None:
        """The image of nodes, and the network in which they reach this machine."""
        assert self.engine is not None
        image = layers.ensure(self.engine, self.bundle, self.paths.cache, step)
        network = containers.ensure_network(self.paths, self.engine)
        self.nodes = {**asdict(network), "image": image}
        if os.geteuid() != 0:
            step.say("only root may mount into containers: without it, this home has no folders")
        step.result = f"{image}, {network.prefix}.0/24"

    def settle(self, step: Step) -> None:
        """Secrets, logins and ports: made once, kept."""
        self.bind = site.bind_address(self.paths)
        self.logins = credentials.logins(self.paths.logins)
        self.secrets = credentials.server_secrets(self.paths.secrets)
        ours = set(control.recorded(self.paths))
        kept = ports.read(self.paths.ports)
        self.claims = ports.Claims(self.bind)
        self.ports, notes = ports.choose(kept, ours, self.wanted_port, self.paths.home, self.claims.take)
        for note in notes:
            step.say(note)
        if self.ports != kept:
            ports.write(self.paths.ports, self.ports)
        told = (self.nodes, site.api_address(self.paths, os.environ))
        self.settings = configuration.minicloud_settings(
            self.paths, self.ports, self.secrets, self.logins, self.bundle, *told
        )
        self.server = make_postgres(self.paths, self.portal)
        self.url = configuration.portal_url(self.ports, self.bind)
        self.plan = services.Plan(
            self.paths, self.portal, self.minicloud, self.ports, self.server, redis.find_server(self.portal), self.bind
        )
        self.probes = services.probes(self.paths, self.ports, self.server)
        step.result = f"{self.paths.home}; ports " + ", ".join(f"{n} {p}" for n, p in self.ports.items())

    def start_supervisor(self, step: Step) -> None:
        conf = supervisor.configuration(self.paths, environments.interpreter(), os.geteuid() == 0)
        answers = self.keeper.answers()
        changed = not self.paths.supervisord_conf.exists() or self.paths.supervisord_conf.read_text() != conf
        if answers and changed:
            step.say("the supervisor's configuration changed: everything restarts")
            control.stop_all(self.paths, step.say)
        elif not answers:
            control.stop_silent_supervisor(self.paths)
            control.stop_orphans(self.paths, step.say, keep_servers=True)
        if changed:
            write_atomically(self.paths.supervisord_conf, conf, 0o600)
        if not self.keeper.answers():
            self.keeper.launch(self.portal / "bin" / "supervisord")
        daemon = self.keeper.pid()
        step.result = f"pid {daemon.pid}" if daemon else ""

    def start_postgres(self, step: Step) -> None:
        if not self.server.is_made:
            # First: a database that is made now knows nothing of what was done before.
            for stamp in (self.paths.home / "done").iterdir():
                stamp.unlink()
        self.server.prepare([self.held])
        self._start(services.stores(self.plan), ("postgres", "redis"), step)
        self._wait("postgres", "redis")
        made = self.server.create_databases(configuration.DATABASES)
        step.result = f"PostgreSQL and Redis answer; databases made: {len(made)}"

    def prepare_cloud(self, step: Step) -> None:
        write_json(self.paths.settings, self.settings, 0o600)
        mark = fingerprint(self._minicloud_mark(), self.settings)
        if self._is_done("prepare", mark):
            if "compute" not in control.recorded(self.paths):
                # While it was down another home may have taken the addresses.
                self._minicloud("addresses")
            step.result = "done before"
            return
        # Their tables may be about to change; compute and its servers have none.
        self._stop_running(("heat", "manila", "keystone"))
        self._minicloud("prepare")
        self._note_done("prepare", mark)
        step.result = "configured, migrated"

    def start_keystone(self, step: Step) -> None:
        self._start(self._cloud_services(), ("keystone",), step)
        step.result = f"on port {self.ports['keystone']}"

    def seed_cloud(self, step: Step) -> None:
        mark = fingerprint(self._minicloud_mark(), self.settings, self._block())
        if self._is_done("seed", mark) and self.paths.cloud.exists():
            step.result = "done before"
        else:
            self._wait("keystone")
            self._minicloud("seed")
            self._note_done("seed", mark)
            step.result = f"{len(self.logins)} users, {len(credentials.COURSES)} projects"
        self.cloud = read_json(self.paths.cloud)

    def start_cloud(self, step: Step) -> None:
        """They wait for Keystone by themselves; all come up side by side while the portal is prepared."""
        self._start(self._cloud_services(), ("heat", "manila", "compute"), step)
        step.result = f"Heat on port {self.ports['heat']}, Manila on port {self.ports['manila']}, compute"

    def prepare_portal(self, step: Step) -> None:
        told = self.site.environment() if self.site else configuration.cloud_environment(self.cloud)
        told = {clock.VARIABLE: os.environ.get(clock.VARIABLE) or clock.local_zone(), **told}
        self.environment = configuration.portal_environment(
            self.paths, self.url, self.secrets, self.server.url("portal"), told, self.bundle.name
        )
        write_json(self.paths.environment, self.environment, 0o600)
        code = tree_fingerprint(self.paths.top, services.PORTAL_CODE)
        mark = fingerprint(code, self.environment, str(self.portal), self.cloud, credentials.COURSES)
        if self._is_done("portal", mark):
            step.result = "done before"
            return
        self._stop_running(("worker", "web"))
        self._manage("migrate", "--no-input", "--verbosity", "0")
        self._manage("collectstatic", "--no-input", "--verbosity", "0")
        if self.site:
            step.result = f"migrated; the cloud is {self.site.cloud}"
        else:
            step.result = self._import_all()
        self._note_done("portal", mark)

    def _import_all(self) -> str:
        """What minicloud has and who is who there; a site's own is imported when its administrator says so."""
        for document in (configuration.catalogue, configuration.courses, configuration.rates):
            self._manage(f"import_{document.__name__}", "-", given=document(self.cloud))
        return f"migrated; {len(self.cloud['flavors'])} flavors, {len(credentials.COURSES)} courses"

    def start_portal(self, step: Step) -> None:
        self._start(services.portal(self.plan, self.environment), ("web", "worker"), step)
        step.result = f"web on port {self.ports['web']}, worker"

    def wait_for_all(self, step: Step) -> None:
        self._wait(*self.started)
        step.result = f"all {len(self.started)} services answer"

    def _cloud_services(self) -> dict[str, Service]:
        return services.cloud(self.plan, self.settings, self._block())

    def _block(self) -> str:
        return self.paths.block.read_text(encoding="utf-8")

    def _minicloud_mark(self) -> list[str]:
        return [tree_fingerprint(self.paths.top, services.MINICLOUD_CODE), str(self.minicloud)]

    def _start(self, defined: Mapping[str, Service], names: Iterable[str], step: Step) -> None:
        chosen = {name: defined[name] for name in names}
        control.start(self.paths, self.keeper, chosen.values(), step.say)
        self.started |= chosen

    def _wait(self, *names: str) -> None:
        control.wait(self.paths, self.keeper, [self.started[name] for name in names], self.probes)

    def _stop_running(self, names: Iterable[str]) -> None:
        for name in set(control.recorded(self.paths)) & set(names):
            self.keeper.stop(name)

    def _is_done(self, name: str, mark: str) -> bool:
        stamp = self.paths.home / "done" / name
        return stamp.exists() and stamp.read_text(encoding="utf-8") == mark

    def _note_done(self, name: str, mark: str) -> None:
        write_atomically(self.paths.home / "done" / name, mark, 0o600)

    def _minicloud(self, verb: str) -> None:
        command = [str(python_of(self.minicloud)), "-m", "minicloud", verb, str(self.paths.settings)]
        environment = {**services.base_environment(self.paths.home, os.environ), "PYTHONWARNINGS": "ignore"}
        log = self.paths.log(f"minicloud-{verb}")
        self._run(command, environment, log, None)

    def _manage(self, *arguments: str, given: Any = None) -> None:
        command = [str(python_of(self.portal)), str(self.paths.top / "manage.py"), *arguments]
        environment = {**services.base_environment(self.paths.home, os.environ), **self.environment}
        self._run(command, environment, self.paths.log(f"manage-{arguments[0]}"), given)

    def _run(self, command: list[str], environment: dict[str, str], log: Path, given: Any) -> None:
        """Run a command in the checkout, its output into `log`, `given` as JSON on its input; Problem when it fails.

        It shares the home's lock: should we be killed, nobody begins the same anew before it has ended.
        """
        with log.open("w", encoding="utf-8") as output:
            done = subprocess.run(
                command,
                check=False,
                env=environment,
                cwd=self.paths.top,
                pass_fds=[self.held],
                input=None if given is None else json.dumps(given).encode(),
                stdin=subprocess.DEVNULL if given is None else None,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if done.returncode:
            raise Problem(
                f"`{' '.join(command[1:4])}` failed (exit status {done.returncode})",
                control.tail(log).replace("\n", "\n        "),
                f"all of it is in {log}; correct the cause and run `./slipway up` again",
            )


def make_postgres(paths: Paths, portal: Path) -> Postgres:
    """This home's PostgreSQL with the programs of the portal environment."""
    uid = postgres.UNPRIVILEGED_UID if os.geteuid() == 0 else None
    return Postgres(postgres.find_binaries(portal), paths.postgres_data, paths.postgres_socket, uid)
