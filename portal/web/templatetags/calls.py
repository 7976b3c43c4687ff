"""`{% as_call "make-course" %}`: below a form, how a program and a shell do what it does."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings

from portal.web import as_call as calls
from portal.web.form_calls import CALLS

register = template.Library()


@register.inclusion_tag("web/_as_call.html")
def as_call(form: str, course: object = "COURSE", name: str = "COURSE") -> dict[str, Any]:
    """`form`: the name of the address that it is sent to. `course` is the course's id, `name` its name."""
    return calls.of_form(settings.PUBLIC_URL, CALLS[form], str(course), name)
