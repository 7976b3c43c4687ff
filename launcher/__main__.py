"""`python -m launcher VERB ...`, which is what `./slipway` runs."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from launcher import (
    client,
    configuration,
    containers,
    control,
    credentials,
    demo,
    doctor,
    environments,
    logs,
    pin,
    ports,
    services,
    site,
    status,
    testing,
)
from launcher.console import Console
from launcher.environments import python_of
from launcher.files import locked, read_json
from launcher.image import disk, make
from launcher.paths import Paths, resolve
from launcher.problem import Problem
from launcher.up import up

INTERRUPTED = 130
AUDITS = ("ledger", "limits", "deliveries")  # each a management command audit_NAME


def main() -> int:
    """The exit status: 0 when done, 1 after a message that says what to do, 130 when interrupted."""
    # What we start finds its code by its working folder.
    os.environ.pop("PYTHONPATH", None)
    console = Console()
    try:
        if client.is_handed_on(sys.argv[1:], os.environ):
            client.become(resolve(os.environ, os.geteuid()), sys.argv[1:], os.environ)
        arguments = parser().parse_args()
        run: Callable[[Paths, argparse.Namespace, Console], int] = arguments.run
        return run(resolve(os.environ, os.geteuid()), arguments, console)
    except Problem as problem:
        sys.stdout.flush()
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is half-done: run the same command again to go on.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Who read our output had enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        sys.stdout.flush()
        advice = "`./slipway doctor` looks at disk and folders; set SLIPWAY_HOME and SLIPWAY_CACHE to folders of yours"
        print(f"\n{Problem('a file could not be read or written', str(error), advice)}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="./slipway",
        description="A Spark cluster on OpenStack in three steps: log in, create, ready.",
        epilog=client.described() + "\n\nState is kept in SLIPWAY_HOME, downloads in SLIPWAY_CACHE.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(title="of this machine", metavar="VERB", required=True)

    def verb(name: str, text: str, run: Callable[[Paths, argparse.Namespace, Console], int]) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    one = verb("up", "set up, start, wait until it answers; print the address and the logins", run_up)
    one.add_argument("--port", type=port, metavar="N", help="the port of the pages (8000, or another free one)")
    verb("down", "stop everything; data is kept", run_down)
    one = verb("status", "what runs", run_status)
    one.add_argument("--json", action="store_true", help="for programs")
    one = verb("logs", "the logs of services and nodes", run_logs)
    one.add_argument("name", nargs="?", metavar="NAME", help="one log, all of it")
    one = verb("reset", "stop everything and remove all data; downloads are kept", run_reset)
    one.add_argument("--yes", action="store_true", help="really")
    one = verb("doctor", "what this machine has, or a cloud; what is missing, what to do", run_doctor)
    one.add_argument(
        "--cloud",
        nargs="?",
        const="",
        metavar="NAME",
        help="look at a cloud: the portal's, or that entry of clouds.yaml",
    )
    of_cloud = one.add_argument_group("with --cloud")
    of_cloud.add_argument("--clusters", metavar="N", help="so many clusters in each course at once (10)")
    of_cloud.add_argument("--workers", metavar="W", help="so many workers in each (2)")
    of_cloud.add_argument("--flavor", metavar="NAME", help="of all their nodes; else the smallest that is large enough")
    of_cloud.add_argument(
        "--probe", metavar="IMAGE", help="start a small server of this image that calls the portal back, and delete it"
    )
    of_cloud.add_argument("--json", action="store_true", help="for programs")
    one = verb("test", "run the tests; the last lines are the counts", run_test)
    one.add_argument(
        "words",
        nargs=argparse.REMAINDER,
        metavar="unit|db|e2e|browser|resilience|onebox|docker",
        help="all but resilience (kills, full disks, ill clouds), onebox (a real OpenStack) and docker (nodes as "
        "containers, on an engine of its own) when none is named; "
        "what stands after -- is pytest's: options, paths",
    )
    one = verb("render", "print the Heat template of a cluster", run_render)
    one.add_argument("spec", metavar="SPEC.yaml")
    shape = one.add_mutually_exclusive_group()
    shape.add_argument("--parameters", action="store_true", help="print the values of its parameters instead, as JSON")
    shape.add_argument("--json", action="store_true", help="print template, parameters and figures instead, as JSON")
    one = verb("schema", "print the JSON Schema of a cluster's fields", run_schema)
    one.add_argument("of", nargs="?", choices=["request"], help="only of what a person may ask for")
    one.add_argument("--markdown", action="store_true", help="print docs/cluster-spec.md instead")
    one = verb("lint", "look for what is wrong with Heat templates; exit status 1 when something is", run_lint)
    one.add_argument("templates", nargs="+", metavar="TEMPLATE", help="a HOT file; - is the standard input")
    one = verb("token", "print a new API token of a user", run_token)
    one.add_argument("user", metavar="USER")
    verb("demo", "bring all up, make a cluster, run a Spark job on real flights, show its table", run_demo)
    one = verb("catalogue", "make the portal's catalogue what the cloud offers, or what a document says", run_catalogue)
    one.add_argument("action", choices=["import"])
    one.add_argument(
        "file", nargs="?", metavar="FILE", help="a JSON document, - is the standard input; else the cloud is asked"
    )
    one.add_argument("--cloud", metavar="NAME", help="this entry of clouds.yaml, and not the portal's own cloud")
    one.add_argument(
        "--flavor", action="append", default=[], metavar="PATTERN", help="only these of the cloud's flavors"
    )
    one.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    one = verb("audit", "recompute what was written, and say what is wrong; exit status 1 when something is", run_audit)
    one.add_argument("what", choices=AUDITS)
    one.add_argument("words", nargs=argparse.REMAINDER, metavar="...")
    one = verb("manage", "Django's manage.py with this home's environment", run_manage)
    one.add_argument("words", nargs=argparse.REMAINDER, metavar="...")
    one = verb("image", "make the image that nodes start from, for Glance (as root)", run_image)
    one.add_argument("--output", type=Path, metavar="FILE", help="slipway-node.FORMAT in this folder, if not named")
    one.add_argument("--format", choices=disk.FORMATS, default="qcow2", help="as Glance names it (qcow2)")
    one.add_argument(
        "--for",
        choices=make.PURPOSES,
        default=make.MACHINE,
        dest="purpose",
        help="a virtual machine, or a container (Nova's LXC: a file system alone)",
    )
    one.add_argument("--without-bundle", action="store_true", help="nodes fetch the bundle at their first start")
    one.add_argument("--overlay", type=Path, action="append", default=[], metavar="FOLDER", help="a site's own files")
    one.add_argument("--package", action="append", default=[], metavar="NAME", help="one more of Debian's packages")
    one.add_argument("--mirror", default="", metavar="URL", help="of Debian; that of this machine's apt, if not named")
    verb("pin", "compile the requirements files from pyproject.toml", run_pin)
    one = verb("tool", "a program of the test environment: ruff, mypy, ...", run_tool)
    one.add_argument("words", nargs=argparse.REMAINDER, metavar="...")
    return top


def port(text: str) -> int:
    if not text.isdigit() or not 1024 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1024 to 65535")
    return int(text)


def run_up(paths: Paths, arguments: argparse.Namespace, console: Console) -> int:
    console.say(f"Slipway: bringing up {paths.home}")
    url = up(paths, arguments.port, console)
    show_ready(paths, url, console)
    return 0


def show_ready(paths: Paths, url: str, console: Console) -> None:
    console.say(f"\nReady in {console.seconds:.1f} s: {url}\n")
    if connected := site.read(paths):
        console.say(f"People log in as Keystone at {connected.cloud} knows them. The catalogue comes by")
        console.say("`./slipway catalogue import`, the courses by `./slipway manage import_courses FILE`.")
        return
    logins = credentials.logins(paths.logins)
    for name, password in logins.items():
        course = next((title for title, members in credentials.COURSES.values() if name in members), "all courses")
        console.say(f"  {name:10} {password}   {course}")
    console.say(
        f"\nThe logins stand in {paths.logins}. `./slipway demo` runs a job, `./slipway down` stops everything."
    )


def run_down(paths: Paths, _: argparse.Namespace, console: Console) -> int:
    if not paths.home.exists():
        console.say(f"Nothing to stop: there is no {paths.home}.")
        return 0
    with locked(paths.lock, lambda holder: console.say(f"Waiting for {holder}, which works on this home.")):
        stop(paths, console)
    console.say(f"Slipway is down ({console.seconds:.1f} s). Data is kept in {paths.home}.")
    return 0


def stop(paths: Paths, console: Console) -> None:
    left = control.stop_all(paths, lambda text: console.say(f"  {text}"))
    containers.stop_all(paths, lambda text: console.say(f"  {text}"))
    if left:
        raise Problem(
            "some processes did not end",
            f"their pids: {', '.join(str(process.pid) for process in left)}",
            "look at them with `ps -fp PID`",
        )


def run_status(paths: Paths, arguments: argparse.Namespace, console: Console) -> int:
    report = status.status(paths)
    console.say(json.dumps(report) if arguments.json else status.describe(report))
    return 0


def run_logs(paths: Paths, arguments: argparse.Namespace, console: Console) -> int:
    logs.show(paths, arguments.name, console)
    return 0


def run_reset(paths: Paths, arguments: argparse.Namespace, console: Console) -> int:
    if not arguments.yes:
        raise Problem(
            "nothing was removed",
            f"reset removes {paths.home}: clusters, jobs, logins, everything but downloads",
            "`./slipway reset --yes` if that is what you want",
        )
    if paths.home.exists():
        if not paths.secrets.exists() and not (paths.home / "running").exists() and any(paths.home.iterdir()):
            raise Problem(
                f"{paths.home} is not a home of Slipway",
                "it holds other things",
                "set SLIPWAY_HOME to the one you mean",
            )
        with locked(paths.lock, lambda holder: console.say(f"Waiting for {holder}, which works on this home.")):
            stop(paths, console)
            containers.remove_all(paths)
            shutil.rmtree(paths.run, ignore_errors=True)
            # Last what says that this is a home, so that an interrupted reset can be repeated.
            last = {paths.secrets, paths.lock}
            for entry in set(paths.home.iterdir()) - last:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            shutil.rmtree(paths.home)
    console.say(f"{paths.home} is gone; downloads are kept in {paths.cache}.")
    return 0


def run_doctor(paths: Paths, arguments: argparse.Namespace, console: Console) -> int:
    if arguments.cloud is not None:
        given = [(f"--{name}", getattr(arguments, name)) for name in ("clusters", "workers", "flavor", "probe")]
        words = [word for name, value in given if value for word in (name, value)]
        environment = configuration.before_up(os.environ) if not paths.environment.exists() else None
        words += ["--json"] if arguments.json else []
        return manage(paths, ["doctor", *words], arguments.cloud, environment)
    is_up = "web" in control.recorded(paths)
    well = doctor.show(doctor.judge(doctor.gather(paths, is_up)), console)
    arrives = not is_up or manage(paths, ["audit_deliveries"]) == 0
    return 0 if well and arrives else 1


def run_test(paths: Paths, arguments: argparse.Namespace, console: Console) -> int:
    suites, options = testing.split(arguments.words)
    return 0 if testing.run_suites(paths, suites, options, console) else 1


def portal_command(paths: Paths, *words: str) -> list[str]:
    environment = environments.ensure(paths, "portal", lambda text: print(text, file=sys.stderr))
    return [str(python_of(environment)), *words]


def run_program(paths: Paths, command: list[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a program in the checkout; its exit status as a shell tells it: 128 and the number of a signal."""
    code = subprocess.run(command, check=False, cwd=paths.top, env=environment).returncode
    return code if code >= 0 else 128 - code


def absolute(name: str) -> str:
    """A file as the programs find it, which run in the checkout; - is the standard input."""
    return name if name == "-" else str(Path(name).absolute())


def run_render(paths: Paths, arguments: argparse.Namespace, _: Console) -> int:
    shape = [word for word in ("--parameters", "--json") if getattr(arguments, word.removeprefix("--"))]
    return run_program(paths, portal_command(paths, "-m", "heat_templates", absolute(arguments.spec), *shape))


def run_schema(paths: Paths, arguments: argparse.Namespace, _: Console) -> int:
    words = [*([arguments.of] if arguments.of else []), *(["--markdown"] if arguments.markdown else [])]
    return run_program(paths, portal_command(paths, "-m", "heat_templates.schema", *words))


def run_lint(paths: Paths, arguments: argparse.Namespace, _: Console) -> int:
    command = portal_command(paths, "-m", "heat_templates.lint", *map(absolute, arguments.templates))
    return run_program(paths, command)


def run_token(paths: Paths, arguments: argparse.Namespace, _: Console) -> int:
    if "postgres" not in control.recorded(paths):
        raise Problem("Slipway is down", "tokens are kept in its database", "`./slipway up` first, then this again")
    return manage(paths, ["create_token", arguments.user])


def run_audit(paths: Paths, arguments: argparse.Namespace, _: Console) -> int:
    return manage(paths, [f"audit_{arguments.what}", *arguments.words])


def run_manage(paths: Paths, arguments: argparse.Namespace, _: Console) -> int:
    return manage(paths, arguments.words)


def run_catalogue(paths: Paths, arguments: argparse.Namespace, _: Console) -> int:
    flavors = [word for pattern in arguments.flavor for word in ("--flavor", pattern)]
    words = [*([absolute(arguments.file)] if arguments.file else []), *flavors]
    return manage(paths, ["import_catalogue", *words, *(["--dry-run"] if arguments.dry_run else [])], arguments.cloud)


def manage(paths: Paths, words: list[str], cloud: str | None = None, given: dict[str, str] | None = None) -> int:
    """Django's manage.py with what environment.json holds (or `given`), or with another cloud; its exit status."""
    try:
        environment = given or read_json(paths.environment)
    except FileNotFoundError:
        raise Problem("this home was never up", f"there is no {paths.environment}", "`./slipway up` first") from None
    command = portal_command(paths, str(paths.top / "manage.py"), *words)
    if cloud:
        environment = configuration.with_cloud(environment, cloud, os.environ)
    full = {**services.base_environment(paths.home, os.environ), **environment}
    return run_program(paths, command, full)


def run_demo(paths: Paths, _: argparse.Namespace, console: Console) -> int:
    if status.status(paths)["state"] != status.UP:
        console.say(f"Slipway: bringing up {paths.home}")
        up(paths, None, console)
    url = configuration.portal_url(ports.read(paths.ports), site.bind_address(paths))
    demo.demo(paths, url, credentials.logins(paths.logins), console)
    return 0


def run_image(paths: Paths, arguments: argparse.Namespace, console: Console) -> int:
    wish = make.Wish(
        output=(arguments.output or Path(f"slipway-node.{arguments.format}")).absolute(),
        form=arguments.format,
        purpose=arguments.purpose,
        with_bundle=not arguments.without_bundle,
        overlays=tuple(arguments.overlay),
        packages=tuple(arguments.package),
        mirror=arguments.mirror,
    )
    make.make(paths, wish, console)
    return 0


def run_pin(paths: Paths, _: argparse.Namespace, console: Console) -> int:
    pin.pin(paths, console)
    return 0


def run_tool(paths: Paths, arguments: argparse.Namespace, console: Console) -> int:
    if not arguments.words:
        raise Problem("no program is named", "", "for example: ./slipway tool ruff check")
    testing.become_tool(paths, arguments.words, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
