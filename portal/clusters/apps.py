from django.apps import AppConfig


class ClustersConfig(AppConfig):
    """A cluster's life: the decision table, the reconciler, events, progress."""

    name = "portal.clusters"
