"""What the launcher tells minicloud and the portal: plain values, made from paths, ports and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launcher import postgres
from launcher.credentials import CLUSTERS_EACH, COURSES, FIRST_CREDITS
from launcher.paths import Paths
from launcher.site import LOOPBACK

# Below it stands PostgreSQL's own; nodes take theirs from here on.
UID_BASE = postgres.UNPRIVILEGED_UID + 1
# Secrets that only minicloud's own services and their users go by.
MINICLOUDS_OWN = ("heat", "heat_domain_admin", "heat_encryption_key", "manila", "provisioner")
DATABASES = ("portal", "keystone", "heat", "manila")


def portal_url(ports: Mapping[str, int], address: str = LOOPBACK) -> str:
    return f"http://{address}:{ports['web']}"


def cloud_environment(cloud: Mapping[str, Any]) -> dict[str, str]:
    """What the portal's processes are told of minicloud; `cloud` is its cloud.json."""
    return {
        "SLIPWAY_NETWORK": cloud["network"],
        "SLIPWAY_GATEWAY_ADDRESS": cloud["gateway_address"],
        "SLIPWAY_RUNTIME": cloud["runtime"],
        "OS_AUTH_URL": cloud["auth_url"],
        "OS_USERNAME": cloud["username"],
        "OS_PASSWORD": cloud["password"],
        "OS_USER_DOMAIN_NAME": cloud["user_domain"],
        "OS_REGION_NAME": cloud["region"],
        "SLIPWAY_PROVISIONER_USERNAME": cloud["provisioner"]["username"],
        "SLIPWAY_PROVISIONER_PASSWORD": cloud["provisioner"]["password"],
    }


def minicloud_settings(
    paths: Paths,
    ports: Mapping[str, int],
    secrets: Mapping[str, str],
    logins: Mapping[str, str],
    bundle: Path,
    containers: Mapping[str, str] | None = None,
    api_address: str | None = None,
) -> dict[str, Any]:
    """settings.json (docs/architecture.md, "Contract: launcher and minicloud"); `bundle` is named by its version;
    `containers` is None where nodes are processes, `api_address` where the APIs listen on loopback."""
    return {
        "home": str(paths.minicloud),
        "run": str(paths.run),
        "postgres": str(paths.postgres_socket),
        "postgres_user": postgres.USER,
        "keystone_port": ports["keystone"],
        "heat_port": ports["heat"],
        "manila_port": ports["manila"],
        "bundle": str(bundle),
        "bundle_version": bundle.name,
        "service_password": secrets["service"],
        "admin_password": secrets["keystone_admin"],
        "secrets": {name: secrets[name] for name in MINICLOUDS_OWN},
        "courses": list(COURSES),
        "users": dict(logins),
        "uid_base": UID_BASE,
        "containers": containers,
        "api_address": api_address,
    }


def portal_environment(
    paths: Paths,
    url: str,
    secrets: Mapping[str, str],
    database_url: str,
    cloud: Mapping[str, str],
    bundle_version: str,
) -> dict[str, str]:
    """environment.json: what the portal's processes get. `cloud` is what they are told of the cloud."""
    return {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SLIPWAY_SECRET_KEY": secrets["django"],
        "SLIPWAY_DATABASE_URL": database_url,
        "SLIPWAY_REDIS_URL": f"unix://{paths.redis_socket}",
        "SLIPWAY_URL": url,
        "SLIPWAY_NODE_URL": url,
        "SLIPWAY_STORAGE": str(paths.home / "storage"),
        "SLIPWAY_STATIC_ROOT": str(paths.home / "static"),
        "SLIPWAY_BUNDLE_VERSION": bundle_version,
        **cloud,
    }


def with_cloud(environment: Mapping[str, str], name: str, caller: Mapping[str, str]) -> dict[str, str]:
    """The portal's environment with another cloud: an entry of the clouds.yaml that the caller has."""
    kept = {key: value for key, value in environment.items() if not key.startswith("OS_")}
    of_caller = ("HOME", "XDG_CONFIG_HOME", "OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE", "OS_REGION_NAME")
    return {**kept, **{key: caller[key] for key in of_caller if caller.get(key)}, "OS_CLOUD": name}


def before_up(caller: Mapping[str, str]) -> dict[str, str]:
    """What stands in for a home that was never up, so that a cloud can be looked at before: the caller's own
    variables, and for the rest values that are nothing's."""
    nothing = {
        "SLIPWAY_SECRET_KEY": "nothing is signed before the first up",
        "SLIPWAY_DATABASE_URL": "dbname=none host=/nonexistent",
        "SLIPWAY_REDIS_URL": "unix:///nonexistent",
        "SLIPWAY_URL": "http://127.0.0.1:8000",
        "SLIPWAY_NODE_URL": "http://127.0.0.1:8000",
        "SLIPWAY_STORAGE": "/nonexistent",
        "SLIPWAY_NETWORK": "(SLIPWAY_NETWORK is not set)",
        "SLIPWAY_GATEWAY_ADDRESS": "127.0.0.1",
        "SLIPWAY_BUNDLE_VERSION": "unknown",
    }
    of_caller = {name: value for name, value in caller.items() if name.startswith(("SLIPWAY_", "OS_"))}
    return {"DJANGO_SETTINGS_MODULE": "portal.settings", **nothing, **of_caller}


def courses(cloud: Mapping[str, Any]) -> dict[str, Any]:
    """What `manage.py import_courses` reads: the courses with their members, and the administrators."""
    return {
        "courses": [
            {
                "name": name,
                "title": title,
                "project": cloud["projects"][name],
                "clusters_each": CLUSTERS_EACH,
                "members": [{"username": username, "role": role} for username, role in members.items()],
            }
            for name, (title, members) in COURSES.items()
        ],
        "administrators": ["admin"],
        # What teachers and administrators have changed since the first `up` is theirs.
        "keep_existing": True,
    }


def catalogue(cloud: Mapping[str, Any]) -> dict[str, Any]:
    """What `manage.py import_catalogue` reads."""
    return {key: cloud[key] for key in ("flavors", "images", "share_types")}


def rates(cloud: Mapping[str, Any]) -> dict[str, Any]:
    """What `manage.py import_rates` reads: a credit for a processor and hour, and for ten GB and month."""
    nodes = [{"kind": "node", "name": flavor["name"], "price": str(flavor["vcpus"])} for flavor in cloud["flavors"]]
    storage = [{"kind": "storage", "name": each["name"], "price": "0.1"} for each in cloud["share_types"]]
    grants = [{"course": name, "credits": FIRST_CREDITS} for name in COURSES]
    return {"rates": [*nodes, *storage], "grants": grants}
