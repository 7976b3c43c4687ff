"""Keystone, Heat and Manila: one process each, native threads, waitress as the server. They listen on loopback, or on
the one address that the launcher names; Heat, which nodes call, listens where these reach this machine."""
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from minicloud.settings import Settings

LOG = logging.getLogger("minicloud.serve")
STOP_SECONDS = 8.0
PURGE_SECONDS = 24 * 3600.0
# Deleted stacks stay readable this long.
PURGE_DAYS = 2


def serve(start: Callable[[Settings], Callable[[], None]], settings: Settings) -> None:
    """Start a service and run until SIGTERM; it ends within STOP_SECONDS whatever its threads do."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    end = start(settings)
    print(f"ready: pid {os.getpid()}", flush=True)
    stop.wait()
    timer = threading.Timer(STOP_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()
    end()
    logging.shutdown()
    # Heat's pools are not daemons: returning would wait for them.
    os._exit(0)


def listen(application: Any, port: int, threads: int, address: str) -> None:
    """Serve a WSGI application from threads of its own."""
    import waitress

    server = waitress.create_server(
        application,
        host=address,
        port=port,
        threads=threads,
        clear_untrusted_proxy_headers=True,
        connection_limit=1000,
        channel_timeout=120,
        ident=None,
    )
    threading.Thread(target=server.run, name=f"http-{port}", daemon=True).start()


def live_with_database(settings: Settings, name: str) -> None:
    """Wait for the service's database now, and end with it later."""
    from minicloud.openstack import database

    connection = database.connect(settings, name, database.START_SECONDS)
    threading.Thread(target=database.end_with, args=(connection,), name="database", daemon=True).start()


def use_threads() -> None:
    """Before anything of oslo is imported: oslo.messaging would choose eventlet by itself."""
    from oslo_service import backend

    backend.init_backend(backend.BackendType.THREADING)


def keystone(settings: Settings) -> Callable[[], None]:
    use_threads()
    from oslo_config import cfg

    # Keystone passes no folders itself; a stock installation's /etc/keystone must not leak in.
    cfg.find_config_dirs = lambda *_, **__: []
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = str(settings.etc / "keystone.conf")
    # Keystone reads the arguments of the process as its own.
    sys.argv[1:] = []
    from keystone.server.wsgi import initialize_public_application

    listen(initialize_public_application(), settings.keystone_port, threads=8, address=settings.address)
    return lambda: None


def heat(settings: Settings) -> Callable[[], None]:
    use_threads()
    from oslo_config import cfg

    from minicloud import cloud
    from minicloud.openstack import messages, pauses, recovery, round_trips, row_order, threads

    live_with_database(settings, "heat")
    cloud.use(settings)
    _configure_heat(settings)
    for patch in (messages, pauses, threads, row_order, round_trips):
        patch.install()
    from heat.common import config
    from heat.engine import service, template
    from heat.rpc import api

    config.startup_sanity_check()
    template._get_template_extension_manager()
    engine = service.EngineService(cfg.CONF.host, api.ENGINE_TOPIC)
    engine.start()
    listen(config.load_paste_app("heat-api"), settings.heat_port, threads=16, address=settings.heat_address)
    for target, words in ((recovery.resume, (engine,)), (_purge, ())):
        threading.Thread(target=target, args=words, name=target.__name__, daemon=True).start()
    return lambda: engine.stop()


def _configure_heat(settings: Settings) -> None:
    from heat.common import config, messaging
    from oslo_config import cfg
    from oslo_log import log

    log.register_options(cfg.CONF)
    files = ["--config-file", str(settings.etc / "heat.conf")]
    cfg.CONF(files, project="heat", prog="heat-engine", default_config_dirs=[])
    log.setup(cfg.CONF, "heat")
    config.set_config_defaults()
    messaging.setup()


def manila(settings: Settings) -> Callable[[], None]:
    use_threads()
    from minicloud import cloud
    from minicloud.openstack import messages

    live_with_database(settings, "manila")
    cloud.use(settings)
    messages.install()
    _configure_manila(settings)
    from manila import context, service
    from oslo_config import cfg
    from oslo_service import wsgi

    from minicloud.openstack import share_recovery, share_types

    scheduler = service.Service.create(binary="manila-scheduler", coordination=True)
    backends = [
        service.Service.create(host=f"{cfg.CONF.host}@{name}", service_name=name, binary="manila-share")
        for name in cfg.CONF.enabled_share_backends
    ]
    for each in [scheduler, *backends]:
        each.start()
    for each in backends:
        # They have told the scheduler too, but by a message: a create that comes first would find no host.
        manager = each.manager
        scheduler.manager.update_service_capabilities(
            context.get_admin_context(), manager.service_name, manager.host, manager.last_capabilities
        )
    share_types.make()
    # Found before the first request can make one that is no leftover.
    unfinished = share_recovery.find()
    listen(wsgi.Loader(cfg.CONF).load_app("osapi_share"), settings.manila_port, threads=8, address=settings.address)
    managers = {each.host: each.manager for each in backends}
    threading.Thread(target=share_recovery.resume, args=(managers, unfinished), name="resume", daemon=True).start()

    def end() -> None:
        for each in [*backends, scheduler]:
            each.stop()

    return end


def _configure_manila(settings: Settings) -> None:
    from manila import monkey_patch

    monkey_patch.patch("threading")
    from manila import rpc
    from manila.common import config
    from oslo_config import cfg
    from oslo_log import log

    log.register_options(cfg.CONF)
    cfg.CONF(["--config-file", str(settings.etc / "manila.conf")], project="manila", default_config_dirs=[])
    config.verify_share_protocols()
    config.set_lib_defaults()
    log.setup(cfg.CONF, "manila")
    rpc.init(cfg.CONF)


def _purge() -> None:
    """Once a day forget stacks that were deleted long ago; Heat itself never does."""
    from heat.db import api

    while True:
        try:
            api.purge_deleted(PURGE_DAYS, "days")
        except Exception:
            LOG.exception("deleted stacks could not be purged; the next attempt is in a day")
        threading.Event().wait(PURGE_SECONDS)
