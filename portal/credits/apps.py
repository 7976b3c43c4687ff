from django.apps import AppConfig


class CreditsConfig(AppConfig):
    """Who may give, see and charge credits."""

    name = "portal.credits"
