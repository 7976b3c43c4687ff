"""Who may do what in a course. The one place where it stands. Pure."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from portal.courses.models import Role


class Deed(StrEnum):
    """In words that follow "You may not"."""

    MAKE_COURSE = "make courses"
    APPOINT = "say who may make courses"
    SEE_COURSE = "see this course"
    CHANGE_COURSE = "change the title and the dates of this course"
    CREATE_CLUSTER = "create clusters in this course"
    SEE_CLUSTER = "see this cluster"
    USE_CLUSTER = "run jobs on this cluster"
    CHANGE_CLUSTER = "change this cluster"
    EXTEND_CLUSTER = "extend this cluster"
    END_CLUSTER = "delete this cluster"
    WRITE_FOLDER = "write into this folder"
    GROW_FOLDER = "grow this folder"
    DELETE_FOLDER = "delete this folder"
    SEE_GUESTS = "see whose clusters use this folder"
    SEE_ROSTER = "see who is in this course, and what they spent"
    CHANGE_ROSTER = "change who is in this course"
    CHANGE_LIMITS = "change the limits of this course"
    CHANGE_PROFILES = "change the cluster profiles of this course"
    LEAD_CLASS = "start, extend or end the clusters of a class"
    SEE_SPENDING = "see what this course spent"
    SPEND_BUDGET = "give this course credits out of a budget of yours"
    GRANT_CREDITS = "make credits"
    CORRECT_CHARGES = "set right what somebody was charged"
    CHANGE_RATES = "change what things cost"
    SEE_TRAIL = "see who did what in this course"
    ARCHIVE_COURSE = "end this course"
    SEE_STACKS = "see what the cloud says of all courses"
    SEE_DELIVERIES = "see what did not arrive"


COURSE_MAKER = "course maker"  # whom an administrator has given that right
OWNER = "owner"  # of this cluster, whatever else somebody is
MAKER = "maker"  # of this folder, whatever else somebody is
WRITER = "writer"  # a student, where the folder says that students may write into it
ADMINISTRATOR = "administrator"
_OWN = {Deed.SEE_CLUSTER, Deed.USE_CLUSTER, Deed.CHANGE_CLUSTER, Deed.EXTEND_CLUSTER, Deed.END_CLUSTER}
_STUDENT = {Deed.SEE_COURSE, Deed.CREATE_CLUSTER}
_ASSISTANT = _STUDENT | {
    Deed.SEE_CLUSTER, Deed.EXTEND_CLUSTER, Deed.END_CLUSTER, Deed.SEE_ROSTER, Deed.LEAD_CLASS, Deed.SEE_SPENDING,
    Deed.WRITE_FOLDER, Deed.SEE_GUESTS,
}  # fmt: skip
_TEACHER = _ASSISTANT | {
    Deed.CHANGE_COURSE, Deed.CHANGE_ROSTER, Deed.CHANGE_LIMITS, Deed.CHANGE_PROFILES, Deed.SPEND_BUDGET, Deed.SEE_TRAIL,
    Deed.ARCHIVE_COURSE, Deed.GROW_FOLDER, Deed.DELETE_FOLDER,
}  # fmt: skip
# What only the owner, or a member of the course, does; of it an administrator does nothing.
_PERSONAL = {Deed.CREATE_CLUSTER, Deed.USE_CLUSTER, Deed.CHANGE_CLUSTER, Deed.WRITE_FOLDER, Deed.SPEND_BUDGET}
RIGHTS: dict[str, frozenset[Deed]] = {
    Role.STUDENT: frozenset(_STUDENT),
    Role.ASSISTANT: frozenset(_ASSISTANT),
    Role.TEACHER: frozenset(_TEACHER),
    OWNER: frozenset(_OWN),
    MAKER: frozenset({Deed.WRITE_FOLDER, Deed.GROW_FOLDER, Deed.DELETE_FOLDER}),
    WRITER: frozenset({Deed.WRITE_FOLDER}),
    COURSE_MAKER: frozenset({Deed.MAKE_COURSE}),
    ADMINISTRATOR: frozenset(Deed) - _PERSONAL,
}

# What is done in a course that is archived; all else is not, whoever asks.
IN_ARCHIVED = frozenset({
    Deed.SEE_COURSE, Deed.SEE_CLUSTER, Deed.END_CLUSTER, Deed.SEE_ROSTER, Deed.SEE_SPENDING, Deed.SEE_TRAIL,
    Deed.ARCHIVE_COURSE, Deed.GRANT_CREDITS, Deed.CORRECT_CHARGES,
})  # fmt: skip


def may(deed: Deed, parts: Collection[str]) -> bool:
    """`parts` are what a person is to the thing: a role in its course, its owner or maker, an administrator."""
    return any(deed in RIGHTS[part] for part in parts)


def roles_that(deed: Deed) -> list[Role]:
    """The roles in a course that give the right."""
    return [role for role in Role if deed in RIGHTS[role]]
