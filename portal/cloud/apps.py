from django.apps import AppConfig


class CloudConfig(AppConfig):
    """The only package that talks to OpenStack; and the catalogue of what the cloud offers."""

    name = "portal.cloud"
