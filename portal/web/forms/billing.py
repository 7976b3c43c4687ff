"""Credits, prices, budgets."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

from billing.models import Rate
from portal.web.forms.refusable import RefusableForm

AMOUNT: dict[str, Any] = {"max_digits": 18, "decimal_places": 6}


def moment(label: str) -> forms.DateTimeField:
    """Typed as UTC."""
    typed = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 3600}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=typed)


class GivingForm(RefusableForm):
    """`form` is this one as it was shown: pressed twice it gives once."""

    form = forms.UUIDField(initial=uuid4, required=False, widget=forms.HiddenInput)


class GiveForm(GivingForm):
    amount = forms.DecimalField(label="Credits", **AMOUNT)
    memo = forms.CharField(label="What for", max_length=500, required=False)
    out_of = forms.ChoiceField(label="Out of")

    def __init__(self, sources: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {"new": "new credits", "budget": "my budget"}
        self.fields["out_of"].choices = [(each, words[each]) for each in sources]  # type: ignore[attr-defined]

    def typed(self) -> dict[str, Any]:
        said = super().typed()
        return {**said, "new": said["out_of"] == "new", "budget": said["out_of"] == "budget"}


class CorrectionForm(GivingForm):
    person = forms.CharField(label="Whose", max_length=255)
    amount = forms.DecimalField(label="Credits to give back", help_text="With a minus it takes more.", **AMOUNT)
    memo = forms.CharField(label="Why", max_length=500)


class BudgetForm(GivingForm):
    person = forms.CharField(label="Whose budget", max_length=255)
    amount = forms.DecimalField(label="Credits", **AMOUNT)
    memo = forms.CharField(label="What for", max_length=500, required=False)


class RateForm(RefusableForm):
    kind = forms.ChoiceField(label="Of", choices=Rate.Kind.choices)
    name = forms.CharField(
        label="Flavor or share type", max_length=255, required=False, help_text="Of a GPU it stays empty."
    )
    price = forms.DecimalField(label="Credits", **AMOUNT)
    valid_from = moment("From (UTC, a full hour)")
    correcting = forms.BooleanField(
        label="A correction of the past",
        required=False,
        help_text="What was charged by then is charged anew below.",
    )
    memo = forms.CharField(label="Why", max_length=500, required=False)


class ReprocessForm(RefusableForm):
    start = moment("From (UTC)")
    end = moment("To (UTC)")
    memo = forms.CharField(label="Why", max_length=500)
