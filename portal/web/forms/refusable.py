"""What forms have in common that are sent to services, which may refuse."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from portal.refusals import Refusal


def typed(form: forms.Form) -> dict[str, Any]:
    """What was sent in each field: its value, or the text where that is none."""
    return {bound.name: _value(bound.field, bound.value()) for bound in form}


def _value(field: forms.Field, sent: Any) -> Any:
    try:
        return field.to_python(sent)
    except ValidationError:
        return sent


class RefusableForm(forms.Form):
    """Shows each fault that a service names at its field, and the rest above the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{type(self).__name__.lower()}_%s")  # several are on one page
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def typed(self) -> dict[str, Any]:
        """What was sent, by the names of the API."""
        return typed(self)

    def refuse(self, refusal: Refusal) -> None:
        known = {field: why for field, why in refusal.fields.items() if field in self.fields}
        for field, why in known.items():
            self.add_error(field, why)
        if not known:
            self.add_error(None, f"{refusal.detail} {refusal.next}")
