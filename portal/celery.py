"""The Celery application. Nothing waits in the broker that PostgreSQL does not know: it may be emptied at any time."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = Celery("portal")
application.config_from_object("django.conf:settings", namespace="CELERY")
application.autodiscover_tasks()
