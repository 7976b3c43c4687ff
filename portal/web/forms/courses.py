"""Courses, their rosters and limits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings

from portal.courses.limits import NAMES, OF_ONE, TITLES, Limits, figure
from portal.courses.making import CourseWish
from portal.courses.models import Course, Role
from portal.refusals import Refusal
from portal.web.forms.moments import MomentField
from portal.web.forms.refusable import RefusableForm


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}))


class CourseForm(RefusableForm):
    title = forms.CharField(label="Title")
    name = forms.CharField(
        label="Short name", help_text="Small letters, digits and hyphens; it stands in bills and never changes."
    )
    starts_on = _day("First day")
    ends_on = _day("Last day")
    project = forms.CharField(
        label="Project in the cloud", required=False, help_text="Its id; left empty, the portal makes one."
    )

    def __init__(self, *args: Any, names_project: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not names_project:
            del self.fields["project"]
        elif settings.PROVISIONER is None:
            self.fields["project"].help_text = "The id of one that is there; the portal has a role in it."

    def wish(self) -> CourseWish:
        return CourseWish(**self.cleaned_data)


class ChangesForm(RefusableForm):
    title = forms.CharField(label="Title")
    starts_on = _day("First day")
    ends_on = _day("Last day")
    profiles_only = forms.BooleanField(
        label="Profiles only", required=False, help_text="Students create clusters from the course's profiles."
    )
    idle_minutes = forms.IntegerField(
        label="End idle clusters after (minutes)", required=False, help_text="Left empty, none ends for being idle."
    )
    idle_off_until = MomentField(
        label="But none before", required=False, help_text="As during a lecture, in which one mostly listens."
    )

    @classmethod
    def of(cls, course: Course) -> ChangesForm:
        return cls(initial={name: getattr(course, name) for name in cls.base_fields})


class ArchiveForm(RefusableForm):
    confirm = forms.CharField(label="The course's short name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    keep_folders_days = forms.IntegerField(
        label="Keep its folders for so many days", initial=30, widget=forms.NumberInput(attrs={"min": 0})
    )


class MemberForm(RefusableForm):
    username = forms.CharField(label="User name")
    role = forms.ChoiceField(label="Role", choices=Role.choices)


class ListForm(RefusableForm):
    """`csv` is what an earlier form has shown; a file takes its place."""

    file = forms.FileField(label="CSV file", required=False, widget=forms.FileInput(attrs={"accept": ".csv,.txt"}))
    csv = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    remove_others = forms.BooleanField(label="Remove whoever is not on it", required=False)


class GroupForm(RefusableForm):
    group = forms.CharField(label="Group in the cloud")
    role = forms.ChoiceField(label="Role", choices=Role.choices)


class LimitsForm(RefusableForm):
    """All limits of a course, or of each of its students; empty: no limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in NAMES:
            title = TITLES[name]
            self.fields[name] = (
                forms.DecimalField(label=title.capitalize(), required=False, max_digits=18, decimal_places=6)
                if name == "credits"
                else forms.IntegerField(label=title[:1].upper() + title[1:], required=False)
            )
            self.fields[name].widget.attrs["min"] = 1 if name in OF_ONE else 0

    @classmethod
    def of(cls, limits: Limits, prefix: str) -> LimitsForm:
        values = {name: None if value is None else figure(value) for name, value in limits.as_mapping().items()}
        return cls(initial=values, prefix=prefix)

    def refuse(self, refusal: Refusal) -> None:
        """Each form of the two takes its own faults: their names begin with what the form is of."""
        part = {"course": "course.", "each": "each_student."}.get(str(self.prefix), "")
        for field, why in refusal.fields.items():
            if field.startswith(part) and field.removeprefix(part) in self.fields:
                self.add_error(field.removeprefix(part), why)
        if not refusal.fields:
            self.add_error(None, f"{refusal.detail} {refusal.next}")


class ExceptionForm(RefusableForm):
    """One limit of one student, beside the exceptions that there are, by the students' names."""

    username = forms.CharField(label="Student")
    name = forms.ChoiceField(label="Limit", choices=[(name, TITLES[name]) for name in NAMES])
    value = forms.DecimalField(
        label="Is", required=False, max_digits=18, decimal_places=6, help_text="Empty: no limit."
    )

    def __init__(self, exceptions: Mapping[str, Mapping[str, Decimal | None]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exceptions = exceptions

    def values(self) -> dict[str, Decimal | None]:
        """The student's exceptions with this one."""
        return self._with(self.cleaned_data)

    def typed(self) -> dict[str, Any]:
        said = super().typed()
        name, value = said["name"], said["value"]
        if isinstance(value, Decimal) and name != "credits" and value == int(value):
            value = int(value)
        limits = self._with({**said, "value": value})
        shown = "none" if value is None else value
        return {"username": said["username"], "limit": name, "value": shown, "limits": limits}

    def _with(self, said: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.exceptions.get(said["username"], {}), said["name"]: said["value"]}
