from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Who did what, and whether cloud, portal and ledger say the same."""

    name = "portal.audit"
