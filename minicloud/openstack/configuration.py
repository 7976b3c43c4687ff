"""The configuration files of Keystone and Heat, from the settings alone."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

from minicloud.files import make_folder, write_text
from minicloud.settings import REGION, Settings

PLUGINS = Path(__file__).parent.parent / "heat_plugins"
# Waiting threads cost little; a stack of many servers wants one each while it waits for compute.
HEAT_THREADS = 32
QUIET = ("sqlalchemy", "oslo.messaging", "oslo_messaging", "keystoneauth", "keystonemiddleware", "urllib3")
QUIET_ONLY_ERRORS = ("stevedore", "dogpile", "routes.middleware", "amqp", "oslo_policy", "heat.engine.environment")


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
    write_text(settings.etc / "keystone.conf", ini(keystone(settings)))
    write_text(settings.etc / "heat.conf", ini(heat(settings)))


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
            # API and engine are one process: messages stay in it.
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
    sections["token"] = {"provider": "fernet", "expiration": 86400}
    # `fernet_setup` makes the receipts' keys too, below /etc unless told otherwise.
    sections["fernet_tokens"] = {"key_repository": settings.keys / "fernet"}
    sections["fernet_receipts"] = {"key_repository": settings.keys / "fernet"}
    sections["credential"] = {"key_repository": settings.keys / "credential"}
    # The passwords are long and random: few rounds do no harm, and the default takes 0.2 s of CPU a check.
    sections["identity"] = {"password_hash_rounds": 4, "max_password_length": 72}
    return sections


def heat(settings: Settings) -> dict[str, dict[str, object]]:
    service: dict[str, object] = {
        "auth_type": "password",
        "auth_url": settings.auth_url,
        "username": "heat",
        "password": settings.heat_password,
        "user_domain_name": "Default",
    }
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
        "error_wait_time": 5,
        "max_stacks_per_tenant": -1,
    }
    sections["paste_deploy"] = {"api_paste_config": Path(sys.prefix) / "etc/heat/api-paste.ini"}
    sections["keystone_authtoken"] = service | {
        "www_authenticate_uri": settings.auth_url,
        "project_name": "service",
        "project_domain_name": "Default",
        "region_name": REGION,
        "service_token_roles_required": "true",
    }
    sections["trustee"] = dict(service)
    sections["clients_keystone"] = {"auth_uri": settings.auth_url}
    return sections
