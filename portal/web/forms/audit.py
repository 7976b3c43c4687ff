"""What of the trail is to be shown."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django import forms

from portal.audit.trail import Filter


class TrailForm(forms.Form):
    course = forms.CharField(label="Course", required=False)
    actor = forms.CharField(label="Who", required=False)
    subject = forms.CharField(label="Id of the thing", required=False)
    since = forms.DateField(label="Since", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def filter(self) -> Filter:
        said = self.cleaned_data
        since = datetime.combine(said["since"], time.min, UTC) if said["since"] else None
        return Filter(said["course"], said["subject"], said["actor"], since)
