from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who you are: log-in against Keystone, API tokens."""

    name = "portal.accounts"
