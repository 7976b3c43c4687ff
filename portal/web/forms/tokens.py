"""Tokens for programs, and the accounts of other systems."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms

from portal.accounts.scopes import Scope
from portal.accounts.tokens import DAYS_AT_MOST
from portal.web.forms.refusable import RefusableForm


class ScopesForm(RefusableForm):
    """A name and scopes; only those that the account can have are offered."""

    name = forms.CharField(label="Name", max_length=60)
    scopes = forms.MultipleChoiceField(label="What it may be used for", widget=forms.CheckboxSelectMultiple)

    def __init__(self, possible: Collection[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(scope.value, scope.label) for scope in Scope if scope in possible]
        self.fields["scopes"].choices = offered  # type: ignore[attr-defined]
        self.fields["scopes"].initial = [Scope.READ] if Scope.READ in possible else []

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name != "scopes"]


class TokenForm(ScopesForm):
    days = forms.IntegerField(label="Ends after (days)", min_value=1, max_value=DAYS_AT_MOST, initial=30)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "Which program it is for, so that you know it again."


class ServiceForm(ScopesForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(Scope.values, *args, **kwargs)
        self.fields["name"].help_text = "Small letters, digits and hyphens; it never changes."
