"""Creating a cluster."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from django import forms
from django.conf import settings

from heat_templates.runtimes import RUNTIMES
from portal.accounts.models import User
from portal.cloud.models import Flavor, ShareType
from portal.clusters import profiles
from portal.clusters.choices import images_offered, manifests_offered
from portal.clusters.services import suggested_name
from portal.clusters.wishes import Wish
from portal.courses.limits import hours_at_most
from portal.courses.models import Profile
from portal.courses.services import present_courses_of
from portal.refusals import Refusal
from portal.web import asking

DEFAULT_HOURS = 4
FIRST = ("name", "course", "framework", "workers", "flavor", "hours")


class MoreGroup(NamedTuple):
    title: str
    help: str
    fields: list[forms.BoundField]


class CreateForm(forms.Form):
    """Filled in such that pressing Create is all there is to do."""

    name = forms.CharField(label="Name", strip=True)
    course = forms.ChoiceField(label="Course")
    framework = forms.ChoiceField(label="Runs")
    workers = forms.IntegerField(label="Workers")
    flavor = forms.ChoiceField(label="Size of each machine")
    hours = forms.IntegerField(label="Ends after (hours)")

    profile = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, *args: Any, profile: str = "", **kwargs: Any) -> None:
        """`profile` is the id of the one to start from, where no form was sent that names it."""
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.chosen = profiles.chosen(user, str(self.data.get("profile", profile)))
        courses = [self.chosen.course] if self.chosen else list(present_courses_of(user))
        self.course_names = {str(course.pk): course.name for course in courses}
        hours = hours_at_most(user, courses).values()
        manifests = manifests_offered()
        flavors = list(Flavor.objects.all())
        self.runtime = RUNTIMES[settings.RUNTIME]
        self.fields.update(asking.form_fields())
        self._choose("course", [(str(course.pk), course.title) for course in courses])
        self._choose("framework", [(manifest.name, manifest.title) for manifest in manifests])
        self._choose("flavor", [(flavor.name, _flavor_words(flavor)) for flavor in flavors])
        self._offer("master_flavor", [(flavor.name, _flavor_words(flavor)) for flavor in flavors], "the same")
        self._offer("image", [(image.name, image.name) for image in images_offered()], "one that fits")
        scratch = list(ShareType.objects.for_scratch().values_list("name", "title"))
        self._offer("scratch.share_type", scratch, "the cloud's own")
        self._start("name", suggested_name(user, manifests[0].name))
        self._start("workers", manifests[0].default_workers)
        self._start("hours", min([DEFAULT_HOURS, *hours]))
        self._bound("workers", manifests[0].minimum_workers, manifests[0].maximum_workers)
        self._bound("hours", 1, max([1, *hours]))
        if self.chosen:
            self._start_from(self.chosen, locked=profiles.bind(user, self.chosen.course))

    @property
    def has_course(self) -> bool:
        return bool(self._choices("course"))

    @property
    def only_course(self) -> str | None:
        """The course's title where there is nothing to choose."""
        choices = self._choices("course")
        return str(choices[0][1]) if len(choices) == 1 else None

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in FIRST]

    @property
    def more(self) -> list[MoreGroup]:
        """What is seldom asked for, and the site's machines can do; a group of one field needs no heading."""
        grouped: dict[str, MoreGroup] = {}
        lacking = {field.partition(".")[0] for field in self.runtime.lacks}
        for name, (group, leaves) in asking.groups().items():
            # A profile of a time when the site was another may say it: then its fault is to be seen.
            if name in lacking and not any(self.errors.get(path) for path in leaves):
                continue
            title = group["title"] if len(leaves) > 1 else ""
            found = grouped.setdefault(title, MoreGroup(title, asking.sentence(group) if title else "", []))
            found.fields.extend(self[path] for path in leaves)
        return list(grouped.values())

    @property
    def asks_for_more(self) -> bool:
        """Whether something of it is filled in or wrong, and must be seen."""
        return any(self.errors.get(path) or self.data.get(path) for path in asking.form_fields())

    def wish(self) -> Wish:
        first = {name: self.cleaned_data[name] for name in FIRST}
        return Wish(**first, more=asking.asked(self.cleaned_data), profile=self.cleaned_data["profile"])

    def _start_from(self, profile: Profile, *, locked: bool) -> None:
        """What the profile fixes cannot be typed into."""
        said = {name: profile.spec[name] for name in FIRST if name in profile.spec}
        self.initial = {**self.initial, **said, **asking.initial(profile.spec), "profile": str(profile.pk)}
        fixed = set(profiles.fields()) - set(profile.may_change) if locked else set()
        for path, field in self.fields.items():
            field.disabled = path.partition(".")[0] in fixed

    def refuse(self, refusal: Refusal) -> None:
        """Shows each fault at its field, and the rest above the form."""
        for path, why in refusal.fields.items():
            field, rest = asking.place(path, self.fields)
            self.add_error(None if field == "profile" else field, f"{rest}: {why}" if rest else why)
        if not refusal.fields:
            self.add_error(None, f"{refusal.detail} {refusal.next}")

    def _choose(self, field: str, choices: list[tuple[str, str]]) -> None:
        chooser = self.fields[field]
        assert isinstance(chooser, forms.ChoiceField)
        chooser.choices = choices
        if choices:
            chooser.initial = choices[0][0]

    def _offer(self, field: str, choices: list[tuple[str, str]], nothing: str) -> None:
        """In place of a text: what the catalogue has."""
        words = {name: getattr(self.fields[field], name) for name in ("label", "help_text")}
        self.fields[field] = forms.ChoiceField(choices=[("", nothing), *choices], required=False, **words)

    def _choices(self, field: str) -> list[Any]:
        chooser = self.fields[field]
        assert isinstance(chooser, forms.ChoiceField)
        return list(cast("Any", chooser.choices))

    def _start(self, field: str, value: object) -> None:
        self.fields[field].initial = value

    def _bound(self, field: str, low: int, high: int) -> None:
        """For the browser's arrows; the services decide."""
        self.fields[field].widget.attrs |= {"min": low, "max": high}


def _flavor_words(flavor: Flavor) -> str:
    cores = "1 core" if flavor.vcpus == 1 else f"{flavor.vcpus} cores"
    return f"{flavor.name}: {cores}, {flavor.memory_mb / 1024:g} GB memory"
