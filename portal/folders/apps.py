from django.apps import AppConfig


class FoldersConfig(AppConfig):
    """Course folders: shares of Manila that outlive every cluster, and who may mount them."""

    name = "portal.folders"
