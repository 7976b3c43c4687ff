"""Logging in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest


class LogInForm(AuthenticationForm):
    error_messages = {  # noqa: RUF012
        "invalid_login": "The cloud does not know this name with this password. Check both and try again.",
        "inactive": "This account is closed.",
    }

    def __init__(self, request: HttpRequest | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.label_suffix = ""
        if self.is_bound:  # the password is what must be typed anew
            del self.fields["username"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True
