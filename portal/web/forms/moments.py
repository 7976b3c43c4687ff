"""Times as people type them: by the clock on the university's wall."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils import timezone


class MomentField(forms.DateTimeField):
    """A time of the university's zone, whatever the present one is, and says so."""

    def __init__(self, help_text: str = "", **words: Any) -> None:
        typed = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        zone = f"In the time of {settings.UNIVERSITY_TIME_ZONE}."
        super().__init__(widget=typed, help_text=f"{help_text} {zone}".strip(), **words)

    def prepare_value(self, value: Any) -> Any:
        with _university():
            return super().prepare_value(value)

    def to_python(self, value: Any) -> datetime | None:
        with _university():
            return super().to_python(value)


def _university() -> timezone.override:
    return timezone.override(ZoneInfo(settings.UNIVERSITY_TIME_ZONE))
