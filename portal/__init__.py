"""The Django project: Spark as a service, in pages and as a REST API."""

from portal.celery import application as celery_application

__all__ = ["celery_application"]
