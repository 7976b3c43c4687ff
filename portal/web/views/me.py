"""A person's own settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.accounts import services as accounts
from portal.web.forms.me import LettersForm
from portal.web.views.asking import user_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    initial = {"email": user.email, "wants_letters": user.wants_letters}
    form = LettersForm(request.POST if request.method == "POST" else None, initial=initial, label_suffix="")
    if form.is_valid():
        accounts.set_letters(user, **form.cleaned_data)
        messages.info(request, "Saved.")
        return redirect("me")
    return render(request, "web/accounts/me.html", {"form": form}, status=422 if form.errors else 200)
