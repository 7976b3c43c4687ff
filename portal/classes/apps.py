from django.apps import AppConfig


class ClassesConfig(AppConfig):
    """Clusters of a whole class."""

    name = "portal.classes"
