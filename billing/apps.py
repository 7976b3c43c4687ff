from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Usage records; the ledger builds on them."""

    name = "billing"
