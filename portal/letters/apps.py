from django.apps import AppConfig


class LettersConfig(AppConfig):
    """E-mail to people, each letter once."""

    name = "portal.letters"
