"""A profile of a course: the form of a new cluster, with what students may change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from heat_templates.schema import request
from portal.accounts.models import User
from portal.clusters import profiles
from portal.courses.limits import MOST_HOURS
from portal.courses.models import Profile
from portal.refusals import Refusal
from portal.web import asking
from portal.web.forms.clusters import CreateForm
from portal.web.forms.refusable import typed

FIRST = ("name", "text", "framework", "workers", "flavor", "hours")
TITLES = {"hours": "Ends after (hours)"}


def _titles() -> list[tuple[str, str]]:
    """Of each field that may be left to students."""
    known = request()["properties"]
    return [
        (name, str(TITLES.get(name) or known[name].get("title") or name.replace("_", " ").capitalize()))
        for name in profiles.fields()
    ]


class ProfileForm(CreateForm):
    text = forms.CharField(label="What it is good for", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    may_change = forms.MultipleChoiceField(
        label="Students may change", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, user: User, *args: Any, of: Profile | None = None, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        del self.fields["course"], self.fields["profile"]
        self._choose("may_change", _titles())
        self._bound("hours", 1, MOST_HOURS)
        self.fields["may_change"].initial = ["hours"]
        self.fields["name"].initial = ""
        if of:
            said = {name: of.spec[name] for name in FIRST if name in of.spec}
            own = {"name": of.name, "text": of.text, "may_change": of.may_change}
            self.initial = {**self.initial, **said, **asking.initial(of.spec), **own}

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in FIRST]

    def given(self) -> dict[str, Any]:
        return _given(self.cleaned_data)

    def typed(self) -> dict[str, Any]:
        """What was sent, by the names of the API."""
        return _given(typed(self))

    def refuse(self, refusal: Refusal) -> None:
        plain = {path.removeprefix("spec."): why for path, why in refusal.fields.items()}
        super().refuse(Refusal(refusal.detail, refusal.next, plain))


def _given(said: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: said[name] for name in ("framework", "workers", "flavor", "hours")}
    spec = {**own, **asking.asked(said)}
    return {"name": said["name"], "text": said["text"], "spec": spec, "may_change": said["may_change"]}
