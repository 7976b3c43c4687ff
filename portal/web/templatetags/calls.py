"""`{% as_call "make-course" typed=form %}`: below a form, how a program and a shell do what it does."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings

from portal.web import as_call as calls
from portal.web.form_calls import CALLS
from portal.web.forms.profiles import ProfileForm
from portal.web.forms.refusable import RefusableForm

register = template.Library()


@register.inclusion_tag("web/_as_call.html")
def as_call(form: str, typed: RefusableForm | ProfileForm | None = None, **known: object) -> dict[str, Any]:
    """`form`: the name of the address that it is sent to; `typed`: the form, which may have been sent. `known`: fields
    of which the page says what they are, as `course` and `course_name`."""
    said = typed.typed() if typed and typed.is_bound else None
    return calls.of_form(settings.PUBLIC_URL, CALLS[form], known, said)
