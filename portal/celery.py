"""The Celery application. Nothing waits in the broker that PostgreSQL does not know: it may be emptied at any time."""

import os
from pathlib import Path
from typing import Any

import celery.beat
from celery import Celery, signals

# The beat of `worker --beat` is a thread: a process of its own would outlive a worker that is killed.
celery.beat._Process = None  # type: ignore[assignment,misc]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = Celery("portal")
application.config_from_object("django.conf:settings", namespace="CELERY")
application.autodiscover_tasks()


def _show(**_: Any) -> None:
    Path(os.environ["SLIPWAY_SIGN_OF_LIFE"]).touch()


# A file whose age whoever watches this worker looks at: a task that has run shows that beat, broker and threads work.
if os.environ.get("SLIPWAY_SIGN_OF_LIFE"):
    signals.task_postrun.connect(_show)
