"""The Celery application. Nothing waits in the broker that PostgreSQL does not know: it may be emptied at any time."""

import os

import celery.beat
from celery import Celery

# The beat of `worker --beat` is a thread: a process of its own would outlive a worker that is killed.
celery.beat._Process = None  # type: ignore[assignment,misc]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = Celery("portal")
application.config_from_object("django.conf:settings", namespace="CELERY")
application.autodiscover_tasks()
