"""Who may do what with the folders of a course. The one place where it stands. Pure."""

from __future__ import annotations

from enum import StrEnum

from portal.courses.models import Role


class Deed(StrEnum):
    SEE = "see"
    MAKE = "make"
    MOUNT = "mount"
    WRITE = "write into"
    GROW = "grow"
    DELETE = "delete"
    KNOW_GUESTS = "see whose clusters use"


MAKER = "maker"  # of this folder, whatever else somebody is
WRITER = "writer"  # a student, where the folder says that students may write into it
ADMINISTRATOR = "administrator"
RIGHTS: dict[str, frozenset[Deed]] = {
    Role.STUDENT: frozenset({Deed.SEE, Deed.MAKE, Deed.MOUNT}),
    Role.ASSISTANT: frozenset({Deed.SEE, Deed.MAKE, Deed.MOUNT, Deed.WRITE, Deed.KNOW_GUESTS}),
    Role.TEACHER: frozenset(Deed),
    WRITER: frozenset({Deed.WRITE}),
    MAKER: frozenset({Deed.SEE, Deed.WRITE, Deed.GROW, Deed.DELETE}),
    ADMINISTRATOR: frozenset(Deed) - {Deed.MAKE, Deed.MOUNT, Deed.WRITE},
}
# Of those who may not: whom to ask.
ASK = "Ask the one who made it, or a teacher of the course."


def may(deed: Deed, parts: set[str]) -> bool:
    """`parts` are what a person is to the folder: a role in its course, its maker, an administrator."""
    return any(deed in RIGHTS[part] for part in parts)
