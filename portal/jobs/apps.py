from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Batch jobs, their files and logs."""

    name = "portal.jobs"
