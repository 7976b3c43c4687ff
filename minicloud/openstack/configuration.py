"""The configuration files of Keystone, Heat and Manila, from the settings alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import quote

from minicloud.catalogue import SHARE_TYPES, SHARES, SHARES_GB
from minicloud.files import make_folder, write_text
from minicloud.settings import PROVISIONER_ROLE, REGION, Settings

PLUGINS = Path(__file__).parent.parent / "heat_plugins"
# A node that boots holds one while Heat waits for it, and what comes after waits for a free one. They are made when
# they are needed.
HEAT_THREADS = 64
MANILA_THREADS = 8
COURSE_ROLES = ("member", "heat_stack_owner")  # the portal's service user's in the project of each course
QUIET = ("sqlalchemy", "oslo.messaging", "oslo_messaging", "keystoneauth", "urllib3", "manila.api.openstack.wsgi")
QUIET_ONLY_ERRORS = (
    *("stevedore", "dogpile", "routes.middleware", "amqp", "oslo_policy", "keystonemiddleware", "oslo_config"),
    *("heat.engine.environment", "manila.scheduler.weighers.goodness"),
)


def write(settings: Settings) -> None:
    """Write all files; what is there already is replaced at once."""
    make_folder(settings.home, 0o711)
    make_folder(settings.etc, 0o700)
    for name in ("empty", "environment.d", "templates"):
        make_folder(settings.etc / name, 0o700)
    for name in ("fernet", "credential"):
        make_folder(settings.keys / name, 0o700)
    make_folder(settings.keys, 0o700)
    make_folder(settings.home / "locks", 0o700)
    write_text(settings.etc / "policy.yaml", "{}\n")
    write_text(settings.etc / "keystone-policy.yaml", json.dumps(provisioner_policy(), indent=1) + "\n")
    write_text(settings.etc / "keystone.conf", ini(keystone(settings)))
    write_text(settings.etc / "heat.conf", ini(heat(settings)))
    write_text(settings.etc / "manila.conf", ini(manila(settings)))


def ini(sections: dict[str, dict[str, object]]) -> str:
    """The text that oslo.config reads; `$` would be taken for a reference."""
    lines = []
    for name, options in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {str(value).replace('$', '$$')}" for key, value in options.items()]
        lines.append("")
    return "\n".join(lines)


def common(settings: Settings, database: str) -> dict[str, dict[str, object]]:
    levels = [f"{name}=WARN" for name in QUIET] + [f"{name}=ERROR" for name in QUIET_ONLY_ERRORS]
    where = quote(str(settings.postgres), safe="")
    return {
        "DEFAULT": {
            # The parts of a service are one process: messages stay in it.
            "transport_url": "fake://",
            "use_stderr": "true",
            "host": "localhost",
            "default_log_levels": ",".join(levels),
        },
        "database": {
            "connection": f"postgresql+psycopg2://{quote(settings.postgres_user)}@/{database}?host={where}",
            "max_pool_size": 20,
            "max_overflow": 20,
        },
        "oslo_concurrency": {"lock_path": settings.home / "locks"},
        "oslo_messaging_notifications": {"driver": "noop"},
        # A policy of a stock installation in /etc must not leak in.
        "oslo_policy": {"policy_file": settings.etc / "policy.yaml", "policy_dirs": settings.etc / "empty"},
        "cache": {"enabled": "true", "backend": "oslo_cache.dict"},
    }


def keystone(settings: Settings) -> dict[str, dict[str, object]]:
    sections = common(settings, "keystone")
    sections["oslo_policy"]["policy_file"] = settings.etc / "keystone-policy.yaml"
    sections["token"] = {"provider": "fernet", "expiration": 86400}
    # `fernet_setup` makes the receipts' keys too, below /etc unless told otherwise.
    sections["fernet_tokens"] = {"key_repository": settings.keys / "fernet"}
    sections["fernet_receipts"] = {"key_repository": settings.keys / "fernet"}
    sections["credential"] = {"key_repository": settings.keys / "credential"}
    # The passwords are long and random: few rounds do no harm, and the default takes 0.2 s of CPU a check.
    sections["identity"] = {"password_hash_rounds": 4, "max_password_length": 72}
    return sections


def provisioner_policy() -> dict[str, str]:
    """What the provisioner's role may do in its domain, beside whom Keystone lets anyhow: make projects, let users into
    them with the few roles that courses need, and read groups. Keystone's own role `manager` may change passwords, too.
    """
    mine = f"role:{PROVISIONER_ROLE} and domain_id:%(target.{{}}.domain_id)s"
    project, user, group = (mine.format(thing) for thing in ("project", "user", "group"))
    roles = " or ".join(f"'{name}':%(target.role.name)s" for name in COURSE_ROLES)
    grant = f"{project} and {user} and ({roles})"
    rules = {
        "create_project": project,
        "get_project": f"project_id:%(target.project.id)s or ({project})",
        "list_projects": f"role:{PROVISIONER_ROLE} and domain_id:%(target.domain_id)s",
        "list_roles": f"role:{PROVISIONER_ROLE}",
        "create_grant": grant,
        "list_groups": group,
        "list_users_in_group": group,
    }
    return {f"identity:{name}": f"rule:admin_required or ({rule})" for name, rule in rules.items()}


def login(settings: Settings, username: str, password: str) -> dict[str, object]:
    """How a service says to Keystone who it is."""
    return {
        "auth_type": "password",
        "auth_url": settings.auth_url,
        "username": username,
        "password": password,
        "user_domain_name": "Default",
    }


def in_service_project(user: dict[str, object]) -> dict[str, object]:
    return user | {"project_name": "service", "project_domain_name": "Default", "region_name": REGION}


def heat(settings: Settings) -> dict[str, dict[str, object]]:
    service = login(settings, "heat", settings.heat_password)
    sections = common(settings, "heat")
    sections["DEFAULT"] |= {
        "plugin_dirs": PLUGINS,
        "environment_dir": settings.etc / "environment.d",
        "template_dir": settings.etc / "templates",
        "auth_encryption_key": settings.heat_encryption_key,
        "stack_user_domain_name": "heat",
        "stack_domain_admin": "heat_domain_admin",
        "stack_domain_admin_password": settings.heat_domain_admin_password,
        "default_deployment_signal_transport": "HEAT_SIGNAL",
        "default_user_data_format": "RAW",
        "region_name_for_services": REGION,
        "num_engine_workers": 1,
        "executor_thread_pool_size": HEAT_THREADS,
        "rpc_response_timeout": 120,
        # A Keystone that restarts is waited for, about half a minute: no resource fails for it.
        "client_retry_limit": 6,
        "error_wait_time": 5,
        "max_stacks_per_tenant": -1,
    }
    sections["paste_deploy"] = {"api_paste_config": Path(sys.prefix) / "etc/heat/api-paste.ini"}
    sections["keystone_authtoken"] = in_service_project(service) | {
        "www_authenticate_uri": settings.auth_url,
        "service_token_roles_required": "true",
    }
    sections["trustee"] = dict(service)
    sections["clients_keystone"] = {"auth_uri": settings.auth_url}
    return sections


def manila(settings: Settings) -> dict[str, dict[str, object]]:
    """A back end for each share type, all with the same driver."""
    sections = common(settings, "manila")
    sections["DEFAULT"] |= {
        "api_paste_config": Path(sys.prefix) / "etc/manila/api-paste.ini",
        "state_path": settings.home / "manila",
        "enabled_share_backends": ",".join(SHARE_TYPES),
        "enabled_share_protocols": "NFS",
        "default_share_type": next(iter(SHARE_TYPES)),
        "periodic_fuzzy_delay": 0,
        # All services are one process: one that is silent was suspended, not lost.
        "report_interval": 60,
        "service_down_time": 24 * 3600,
        "executor_thread_pool_size": MANILA_THREADS,
    }
    sections["quota"] = {"shares": SHARES, "gigabytes": SHARES_GB}
    # The share manager registers `auth_url` in [keystone_authtoken] in its own way, so in one process the API has its
    # login in a section of another name.
    sections["keystone_authtoken"] = {
        "www_authenticate_uri": settings.auth_url,
        "auth_url": settings.auth_url,
        "auth_section": "service_login",
        "service_token_roles_required": "true",
    }
    sections["service_login"] = in_service_project(login(settings, "manila", settings.manila_password))
    # tooz takes the path as it stands: the run folder's is plain, whatever the home's name.
    sections["coordination"] = {"backend_url": f"file://{settings.run / 'locks'}"}
    for name in SHARE_TYPES:
        sections[name] = {
            "share_backend_name": name,
            "share_driver": "minicloud.openstack.share_driver.FolderDriver",
            "driver_handles_share_servers": "false",
        }
    return sections
