"""What of the trail, of the stacks and of the shares is to be shown."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.db.models import QuerySet

from portal.audit.comparison import Finding, Row
from portal.audit.share_comparison import ShareRow
from portal.audit.trail import Filter
from portal.courses.models import Course


class TrailForm(forms.Form):
    course = forms.CharField(label="Course", required=False)
    actor = forms.CharField(label="Who", required=False)
    subject = forms.CharField(label="Id of the thing", required=False)
    since = forms.DateField(label="Since (UTC)", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def filter(self) -> Filter:
        said = self.cleaned_data
        since = datetime.combine(said["since"], time.min, UTC) if said["since"] else None
        return Filter(said["course"], said["subject"], said["actor"], since)


class ComparisonForm(forms.Form):
    course = forms.ModelChoiceField(Course.objects.all(), label="Course", required=False, empty_label="all")
    only = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[
            ("", "everything"),
            ("wrong", "what is not as it should be"),
            *((each.value, each.words) for each in Finding),
        ],
    )
    after = forms.SlugField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def courses(self) -> QuerySet[Course]:
        said = self.cleaned_data
        chosen = Course.objects.filter(pk=said["course"].pk) if said["course"] else Course.objects.all()
        return chosen.filter(name__gt=said["after"]) if said["after"] else chosen

    def shows(self, row: Row | ShareRow) -> bool:
        only = self.cleaned_data["only"]
        return not only or only in row.findings or (only == "wrong" and bool(row.findings))


class StackForm(forms.Form):
    course = forms.UUIDField(required=False)
