from django.apps import AppConfig


class NodesConfig(AppConfig):
    """What nodes say and are told: /node/v1."""

    name = "portal.nodes"
