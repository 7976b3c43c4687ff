"""Cluster profiles: what a teacher has thought out for a course, and what its students may change of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from cloudinit import frameworks
from heat_templates.schema import request
from portal.accounts.models import User
from portal.clusters.models import Cluster
from portal.clusters.wishes import Wish, cluster_of
from portal.courses.limits import hours_at_most
from portal.courses.models import Course, Profile, Role
from portal.courses.rights import ADMINISTRATOR, Deed
from portal.courses.services import find as find_course
from portal.courses.services import parts_of, permitted, present_courses_of
from portal.refusals import Conflict, Invalid, NotAllowed, NotFound, Unavailable
from portal.text import is_one_line
from portal.trail import services as trail

# What a request must have, by itself or from its profile.
NEEDED: Mapping[str, type] = {"workers": int, "flavor": str, "hours": int}
# What every cluster has of its own: no profile says it, and none keeps it from being said.
OWN = ("course", "name", "folders", "profile")
# What can be changed of a cluster that there is, in words, and what a teacher does where a profile fixes it.
LATER: Mapping[str, tuple[str, str]] = {
    "workers": ("number of workers", "can leave it open in the profile, for clusters that come"),
    "hours": ("end", "can put it off for you"),
}
UNBOUND = frozenset({ADMINISTRATOR, Role.ASSISTANT, Role.TEACHER})  # whoever leads a course changes what they like
NAME_LIMIT, TEXT_LIMIT = 60, 2000


def fields() -> tuple[str, ...]:
    """What a profile can say, and leave to its students."""
    named = (*NEEDED, "framework", *request()["properties"])
    return tuple(dict.fromkeys(name for name in named if name not in OWN))


def visible_to(user: User, course_id: UUID) -> QuerySet[Profile]:
    """Raises NotFound for courses of others."""
    return find_course(user, course_id).profiles.all()


def find(user: User, course_id: UUID, profile_id: UUID) -> Profile:
    profile = visible_to(user, course_id).filter(pk=profile_id).first()
    if profile is None:
        raise NotFound("profile in this course")
    return profile


def usable_by(user: User) -> QuerySet[Profile]:
    """Those from which the person may create a cluster now."""
    return Profile.objects.filter(course__in=present_courses_of(user)).select_related("course")


def chosen(user: User, profile_id: str) -> Profile | None:
    """Of usable_by; None also for what is no id."""
    with suppress(ValueError):
        return usable_by(user).filter(pk=UUID(profile_id)).first()
    return None


def bind(user: User, course: Course) -> bool:
    """Whether profiles of the course bind the person."""
    return UNBOUND.isdisjoint(parts_of(user, course))


def filled(said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request with those of the profile that it names. Raises Invalid for a profile that the course has
    not, and for fields that are missing in both."""
    spec: dict[str, Any] = {}
    if said.get("profile"):
        profile = _of_course(str(said["course"]), str(said["profile"]))
        spec = dict(profile.spec)
    whole = {"framework": frameworks.names()[0], **spec, **said}
    if missing := [name for name in NEEDED if name not in whole]:
        raise Invalid.of(dict.fromkeys(missing, "This field is required."))
    return whole


def wish_from(profile: Profile, name: str) -> Wish:
    """A cluster just as the profile has it."""
    return _wish(profile.course, name, profile.spec, str(profile.pk))


def require(actor: User, course: Course, wish: Wish) -> Profile | None:
    """The profile that the wish is from, where it still is there. Raises Invalid where a student asks for something
    else than a profile leaves to them."""
    profile = _found(str(course.pk), wish.profile) if wish.profile else None
    if (wish.profile or course.profiles_only) and bind(actor, course):
        _require_as_left(course, profile, wish)
    return profile


def _require_as_left(course: Course, profile: Profile | None, wish: Wish) -> None:
    if not wish.profile:
        names = ", ".join(f"{each.name} ({each.pk})" for each in course.profiles.all()) or "none yet"
        raise Invalid.of({"profile": f"students of {course.title} create clusters from its profiles: {names}"})
    if profile is None:
        raise _no_such()
    if wrong := locked(profile.spec, profile.may_change, _said(wish)):
        raise Invalid.of({field: f"{why} by the profile {profile.name!r}" for field, why in wrong.items()})


def locked(spec: Mapping[str, Any], may_change: Collection[str], said: Mapping[str, Any]) -> dict[str, str]:
    """What is said otherwise than the profile has it, though it may not be. Pure."""
    wrong = {}
    for name, value in said.items():
        if name not in may_change and name not in OWN and value != spec.get(name):
            wrong[name] = f"is fixed to {spec[name]!r}" if name in spec else "is not left open"
    return wrong


def keep(cluster: Cluster, profile: Profile | None) -> None:
    """In the cluster, not saved: what becomes of the profile later is nothing to it."""
    if profile:
        cluster.profile = profile.name
        cluster.locked = [field for field in LATER if field not in profile.may_change]


def fixed(locked: Collection[str], parts: Collection[str]) -> frozenset[str]:
    """What of a cluster's `locked` fields stays as it is to somebody who is this to it. Pure."""
    return frozenset(locked) if UNBOUND.isdisjoint(parts) else frozenset()


def why_fixed(cluster: Cluster, field: str) -> NotAllowed:
    what, way_out = LATER[field]
    return NotAllowed(
        f"This cluster is from the profile {cluster.profile!r}, which fixes its {what} for students.",
        f"Ask a teacher of {cluster.course.title}, who {way_out}.",
    )


def require_open(actor: User, cluster: Cluster, field: str) -> None:
    """Of LATER. Raises NotAllowed where the cluster's profile fixes it for the person."""
    if field in cluster.locked and fixed(cluster.locked, parts_of(actor, cluster.course)):
        raise why_fixed(cluster, field)


def create(
    actor: User, course_id: UUID, name: str, text: str, spec: Mapping[str, Any], may_change: Collection[str]
) -> Profile:
    """Raises NotFound, NotAllowed, Invalid with every wrong field, Conflict."""
    course = permitted(actor, course_id, Deed.CHANGE_PROFILES)
    profile = Profile(course=course, name=name, text=text, spec=dict(spec), may_change=_in_order(may_change))
    _check(actor, profile)
    _save(profile)
    _record(actor, "create", profile, after=_facts(profile))
    return profile


def change(actor: User, course_id: UUID, profile_id: UUID, changes: Mapping[str, Any]) -> Profile:
    """`changes` may name name, text, spec and may_change; clusters that were made from it stay as they are."""
    permitted(actor, course_id, Deed.CHANGE_PROFILES)
    profile = find(actor, course_id, profile_id)
    before = _facts(profile)
    for field, value in changes.items():
        setattr(profile, field, _in_order(value) if field == "may_change" else value)
    _check(actor, profile)
    after = _facts(profile)
    changed = [field for field in after if after[field] != before[field]]
    if changed:
        _save(profile)
        was, now = ({field: facts[field] for field in changed} for facts in (before, after))
        _record(actor, "change", profile, before=was, after=now)
    return profile


@transaction.atomic
def delete(actor: User, course_id: UUID, profile_id: UUID) -> None:
    permitted(actor, course_id, Deed.CHANGE_PROFILES)
    profile = find(actor, course_id, profile_id)
    _record(actor, "delete", profile, before=_facts(profile))
    profile.delete()


def _of_course(course_id: str, profile_id: str) -> Profile:
    if found := _found(course_id, profile_id):
        return found
    raise _no_such()


def _found(course_id: str, profile_id: str) -> Profile | None:
    with suppress(ValueError):
        return Profile.objects.filter(pk=UUID(profile_id), course_id=UUID(course_id)).first()
    return None


def _no_such() -> Invalid:
    return Invalid.of({"profile": "the course has no such profile; GET /api/v1/courses/ID/profiles lists them"})


def _check(actor: User, profile: Profile) -> None:
    """By trying what a cluster of it would be."""
    wrong = _wrong_words(profile)
    wrong |= {f"spec.{name}": why for name, why in _wrong_kinds(profile.spec)}
    wrong |= {
        f"spec.{name}": f"unknown; known are {', '.join(fields())}" for name in profile.spec if name not in fields()
    }
    wrong |= {f"may_change.{name}": "is no field of a request" for name in profile.may_change if name not in fields()}
    if wrong:
        raise Invalid.of(wrong)
    most = hours_at_most(actor, [profile.course])[profile.course.pk]
    try:
        # That the cloud lacks an image now is no fault of the profile.
        with suppress(Unavailable):
            cluster_of(actor, profile.course, _wish(profile.course, profile.name, profile.spec), most)
    except Invalid as refusal:
        raise Invalid.of({f"spec.{name}": why for name, why in refusal.fields.items()}) from refusal


def _wrong_words(profile: Profile) -> dict[str, str]:
    wrong = {}
    if not profile.name.strip() or len(profile.name) > NAME_LIMIT or not is_one_line(profile.name):
        wrong["name"] = f"must be one line of 1 to {NAME_LIMIT} characters"
    if len(profile.text) > TEXT_LIMIT:
        wrong["text"] = f"must have at most {TEXT_LIMIT} characters"
    return wrong


def _wrong_kinds(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of what does not stand in the spec of a cluster, which knows its own."""
    for name, kind in NEEDED.items():
        if name not in spec:
            yield name, "is missing"
        elif not isinstance(spec[name], kind) or isinstance(spec[name], bool):
            yield name, f"must be {'a text' if kind is str else 'a whole number'}"


def _save(profile: Profile) -> None:
    try:
        with transaction.atomic():
            profile.save()
    except IntegrityError as error:
        raise Conflict(f"The course has a profile {profile.name!r} already.", "Choose another name.") from error


def _wish(course: Course, name: str, spec: Mapping[str, Any], profile: str = "") -> Wish:
    own = {field: spec[field] for field in NEEDED}
    more = {field: value for field, value in spec.items() if field not in (*NEEDED, "framework")}
    framework = str(spec.get("framework") or frameworks.names()[0])
    return Wish(course=str(course.pk), name=name, framework=framework, **own, more=more, profile=profile)


def _said(wish: Wish) -> dict[str, Any]:
    """By the names of a request's fields. The only framework that there is need not be said by a profile."""
    own = {field: getattr(wish, field) for field in NEEDED}
    return {**own, **({"framework": wish.framework} if wish.framework != frameworks.names()[0] else {}), **wish.more}


def _in_order(names: Collection[str]) -> list[str]:
    return [*(name for name in fields() if name in names), *sorted(set(names) - set(fields()))]


def _facts(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name, "text": profile.text, "spec": dict(profile.spec), "may_change": list(profile.may_change),
    }  # fmt: skip


def _record(actor: User, deed: str, profile: Profile, **changes: Mapping[str, Any]) -> None:
    trail.record(actor, f"profile.{deed}", profile.pk, name=profile.name, course=profile.course.name, **changes)
