"""Where letters to a person go."""

from __future__ import annotations

from django import forms

from portal.accounts.models import ADDRESS_LIMIT


class LettersForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address",
        required=False,
        max_length=ADDRESS_LIMIT,
        help_text="Where your university's sign-in knows one, it is taken anew at each log-in.",
    )
    wants_letters = forms.BooleanField(label="Warn me by e-mail", required=False)
