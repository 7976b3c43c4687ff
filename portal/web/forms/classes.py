"""What is to be done for a whole class."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from cloudinit import frameworks
from portal.classes.services import MOST_AT_ONCE, StartWish
from portal.cloud.models import Flavor
from portal.clusters.profiles import filled
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from portal.web.forms.moments import MomentField
from portal.web.forms.refusable import RefusableForm


class ClassForm(RefusableForm):
    def __init__(self, course: Course, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.course = course


class StartForm(ClassForm):
    name = forms.CharField(label="Name of each cluster", initial="class")
    profile = forms.ChoiceField(
        label="Profile", required=False, help_text="It says the number of workers and their size by itself."
    )
    workers = forms.IntegerField(label="Workers", widget=forms.NumberInput(attrs={"min": 1}))
    flavor = forms.ChoiceField(label="Size of each machine")
    ready_at = MomentField(label="Ready at")
    hours = forms.IntegerField(label="Hours from then on", initial=2, widget=forms.NumberInput(attrs={"min": 1}))
    at_once = forms.IntegerField(
        label="So many at a time",
        initial=10,
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_AT_ONCE}),
        help_text="More at once strain the cloud.",
    )
    students = forms.CharField(
        label="For these students only, one a line",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="Empty: for all students of the course.",
    )

    def __init__(self, course: Course, *args: Any, **kwargs: Any) -> None:
        super().__init__(course, *args, **kwargs)
        manifest = frameworks.manifest(frameworks.names()[0])
        flavor = self.fields["flavor"]
        assert isinstance(flavor, forms.ChoiceField)
        flavor.choices = names = [(each.name, each.name) for each in Flavor.objects.all()]
        flavor.initial = names[0][0] if names else None
        offered = [(str(each.pk), each.name) for each in course.profiles.all()]
        profile = self.fields["profile"]
        assert isinstance(profile, forms.ChoiceField)
        profile.choices = [("", "none, but what stands here"), *offered]
        if not offered:
            del self.fields["profile"]
        self.fields["workers"].initial = manifest.default_workers
        self.fields["ready_at"].initial = timezone.now() + timedelta(hours=1)

    def typed(self) -> dict[str, Any]:
        said = super().typed()
        without = ("workers", "flavor") if said.get("profile") else ()
        return {name: value for name, value in said.items() if name not in without} | {"students": _names(said)}

    def wanted(self) -> StartWish:
        said = self.cleaned_data
        names = tuple(_names(said))
        profile = said.get("profile", "")
        own = {} if profile else {"workers": said["workers"], "flavor": said["flavor"]}
        whole = filled(
            {"course": self.course.pk, "name": said["name"], "hours": said["hours"], "profile": profile, **own}
        )
        known = {name: whole.pop(name) for name in ("name", "framework", "workers", "flavor", "hours", "profile")}
        wish = Wish(course=str(whole.pop("course")), **known, more=whole)
        return StartWish(wish, said["ready_at"], said["hours"], said["at_once"], names or None)


def _names(said: Mapping[str, Any]) -> list[str]:
    return [line.strip() for line in said["students"].splitlines() if line.strip()]


class ExtendForm(ClassForm):
    hours = forms.IntegerField(label="Hours more", initial=1, widget=forms.NumberInput(attrs={"min": 1}))


class EndForm(ClassForm):
    confirm = forms.CharField(
        label="The course's name", required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
