"""Who asks, by which way, and what they typed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.accounts.models import User

Action = Callable[..., HttpResponse]


def user_of(request: HttpRequest) -> User:
    return cast(User, request.user)


def number_in(text: str) -> int:
    """What was typed as a number; 0, which nothing may be, where it is none or longer than any that could be meant."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def form_of(page: str) -> Callable[[Action], Action]:
    """For what the forms of a page are sent to. Who comes by another way than by pressing the button, as after a log-in
    on the way or by a reload, is led to the page."""

    def decorate(action: Action) -> Action:
        @wraps(action)
        def answer(request: HttpRequest, **named: Any) -> HttpResponse:
            return action(request, **named) if request.method == "POST" else redirect(reverse(page, kwargs=named))

        return login_required(answer)

    return decorate
