"""`python -m minicloud prepare|addresses|seed|keystone|heat|manila|compute SETTINGS.json`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path

from minicloud.errors import MinicloudError
from minicloud.settings import Settings, load

VERBS = {
    "prepare": "configuration, addresses, schemas, keys, first user; the services' databases exist",
    "addresses": "the home's block of addresses: the one it has or, while no server stands in it, a free one",
    "seed": "users, projects, roles, catalogue, cloud.json; Keystone answers",
    "keystone": "serve Keystone until SIGTERM",
    "heat": "serve Heat's API and engine until SIGTERM",
    "manila": "serve Manila's API, scheduler and share manager until SIGTERM",
    "compute": "start, watch and reap servers until SIGTERM, then stop them",
}


def main() -> int:
    """The exit status: 0, or 1 after a message that says what to do."""
    parser = argparse.ArgumentParser(prog="python -m minicloud", description="An embedded OpenStack.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, text in VERBS.items():
        verbs.add_parser(verb, help=text).add_argument("settings", type=Path)
    arguments = parser.parse_args()
    os.umask(0o077)
    # The clients keep caches below HOME, which a service may not have.
    os.environ.setdefault("HOME", "/")
    warnings.filterwarnings("ignore", module="oslo_service|eventlet")
    try:
        run(arguments.verb, load(arguments.settings))
    except MinicloudError as error:
        print(f"minicloud {arguments.verb}: {error}", file=sys.stderr)
        return 1
    return 0


def run(verb: str, settings: Settings) -> None:
    """Each verb imports only what it needs: compute stays small, the worlds of the services stay apart."""
    if verb in ("prepare", "addresses", "seed", "compute"):
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stdout)
        logging.getLogger("keystoneauth").setLevel(logging.WARNING)
    if verb == "prepare":
        from minicloud.prepare import prepare

        prepare(settings)
    elif verb == "addresses":
        from minicloud.registry import Registry

        Registry(settings.home).choose_block(settings.containers)
    elif verb == "seed":
        from minicloud.openstack.seed import seed

        seed(settings)
    elif verb == "compute":
        from minicloud import compute

        compute.serve(settings)
    else:
        from minicloud.openstack import serve

        serve.serve({"keystone": serve.keystone, "heat": serve.heat, "manila": serve.manila}[verb], settings)


if __name__ == "__main__":
    sys.exit(main())
