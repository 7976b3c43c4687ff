"""Making a folder, and mounting folders in a new cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from billing import prices
from portal.accounts.models import User
from portal.cloud.models import ShareType
from portal.clusters.wishes import FolderUse, default_path
from portal.courses.rights import Deed
from portal.courses.services import courses_of, present_courses_of
from portal.folders import services as folders
from portal.folders.models import Access, Folder, Status
from portal.folders.services import FolderWish
from portal.web.forms.refusable import RefusableForm
from portal.web.templatetags.credits import exact

NOT_USED = ("", "Not used")
FIELD = "folder-"  # and the folder's id


class FolderForm(RefusableForm):
    """A new folder of one of the person's courses."""

    name = forms.CharField(label="Name")
    course = forms.ChoiceField(label="Course")
    size_gb = forms.IntegerField(label="Size (GB)", initial=1, widget=forms.NumberInput(attrs={"min": 1}))
    share_type = forms.ChoiceField(label="Kind of storage")
    access_for_students = forms.TypedChoiceField(
        label="Other students may",
        choices=[(Access.READ_WRITE, "read and write"), (Access.READ_ONLY, "only read")],
        empty_value=Access.READ_WRITE,
        required=False,
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.courses = [(str(course.pk), course.title) for course in present_courses_of(user)]
        price = prices.storage(timezone.now())
        self.kinds = [(kind.name, _priced(kind, price.get(kind.name))) for kind in ShareType.objects.all()]
        for name, choices in (("course", self.courses), ("share_type", self.kinds)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    @property
    def only_course(self) -> str | None:
        """The course's title where there is nothing to choose."""
        return self.courses[0][1] if len(self.courses) == 1 else None

    def typed(self) -> dict[str, Any]:
        said = super().typed()
        return {**said, "students_only_read": said["access_for_students"] == Access.READ_ONLY}

    def wish(self) -> FolderWish:
        return FolderWish(**self.cleaned_data)


def _priced(kind: ShareType, price: Decimal | None) -> str:
    return f"{kind.title}: {exact(price)} per GB-month" if price else kind.title


class FolderUsesForm(forms.Form):
    """For a new cluster: each folder of the person's courses, and whether it is mounted."""

    def __init__(self, user: User, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.label_suffix = ""
        self.usable = list(_usable(user))
        allowed = folders.deeds(user, self.usable)
        several = len({folder.course_id for folder in self.usable}) > 1
        for folder in self.usable:
            label = f"{folder.name} ({folder.course.title})" if several else folder.name
            ways = (
                Access.choices
                if Deed.WRITE_FOLDER in allowed[folder.pk]
                else [(Access.READ_ONLY, Access.READ_ONLY.label)]
            )
            self.fields[f"{FIELD}{folder.pk}"] = forms.ChoiceField(
                label=label, choices=[NOT_USED, *ways], required=False, help_text=default_path(folder)
            )

    def uses(self) -> tuple[FolderUse, ...]:
        """What was chosen, as it was sent. A folder may have gone since the page was loaded: the services say so."""
        return tuple(
            FolderUse(name.removeprefix(FIELD), access=access)
            for name, access in self.data.items()
            if name.startswith(FIELD) and access
        )

    @property
    def is_open(self) -> bool:
        """Whether something is chosen already, so that it must not be hidden."""
        return self.is_bound and bool(self.uses())


def _usable(user: User) -> Iterable[Folder]:
    mine = folders.visible_to(user).filter(status=Status.AVAILABLE, target=Status.AVAILABLE)
    return mine.filter(course__in=courses_of(user)).prefetch_related(None).order_by("course__name", "name")
