from django.apps import AppConfig


class TrailConfig(AppConfig):
    """Who did what to which object, when."""

    name = "portal.trail"
