"""Rosters as spreadsheets save them, and what a list would change."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.courses.models import Role
from portal.courses.roster import MOST_LINES, Line, decoded, plan, read
from portal.refusals import Invalid

ALICE = Line("alice", Role.STUDENT, Decimal("12.5"))
BOB = Line("bob", Role.TEACHER)


@pytest.mark.parametrize(
    "text",
    [
        "username,role,credits\nalice,student,12.5\nbob,teacher,\n",
        "\ufeffusername,role,credits\r\nalice,student,12.5\r\nbob,teacher,\r\n",
        "username;role;credits\nalice;student;12,5\nbob;teacher;\n",
        "username\trole\tcredits\nalice\tstudent\t12.5\nbob\tteacher\n",
        "sep=;\nusername;role;credits\nalice;student;12,5\nbob;teacher;\n",
        '"Username","Role","Credits"\n"alice","Student","12.5"\n"bob","TEACHER",""\n',
        "role,credits,username\nstudent, 12.5 ,\xa0alice\nteacher,,bob\n",
        "username,role,credits,,\nalice,student,12.5,,\nbob,teacher,,,\n,,,,\n",
        "\n\nusername,role,credits\n\nalice,,12.50\n\nbob,teacher,",
        "username,role,credits\ralice,student,12.5\rbob,teacher,\r",
    ],
    ids=["plain", "windows", "semicolons", "tabs", "sep", "quoted", "order", "empty", "lines", "old-mac"],
)
def test_it_is_read_as_any_spreadsheet_writes_it(text: str) -> None:
    assert read(text) == [ALICE, BOB]


def test_utf_8_is_read_with_and_without_its_mark() -> None:
    text = "username,role\nJosé,student\n王,teacher\n"
    for encoding in ("utf-8", "utf-8-sig"):
        assert [line.username for line in read(decoded(text.encode(encoding)))] == ["José", "王"]


def test_another_encoding_is_refused_with_what_to_do_as_names_would_change_in_silence() -> None:
    with pytest.raises(Invalid, match="CSV UTF-8"):
        decoded("username\nJosé\n".encode("cp1252"))


def test_each_bad_line_is_named_by_the_number_that_the_spreadsheet_shows() -> None:
    names = "username,role,credits\n"
    text = names + "alice,boss,\n\n,student,\nbob,student,lots\ncarl,,-1\nalice,student,\ndora,,\ned,teacher,5\n"
    with pytest.raises(Invalid) as refused:
        read(text)
    assert refused.value.fields == {
        "csv.2": "the role 'boss' is unknown: there is student, assistant, teacher",
        "csv.4": "has no username",
        "csv.5": "credits 'lots' is no number from 0 to 1000000000",
        "csv.6": "credits '-1' is no number from 0 to 1000000000",
        "csv.7": "alice stands in line 2 already",
        "csv.9": "only students have credits of their own",
    }


@pytest.mark.parametrize("name", ["1.23457E+11", "1,23E+08", "#N/A", "#REF!"])
def test_what_excel_has_made_of_a_name_is_no_name(name: str) -> None:
    with pytest.raises(Invalid, match="format the column as text"):
        read(f"username;role\n{name};student\n")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the first line must name the columns"),
        ("alice,student\nbob,teacher\n", "unknown: alice, student; known are username"),
        ("username,mail\nalice,a@b\n", "unknown: mail"),
        ("username,username\nalice,alice\n", "names a column twice"),
        ("username,role\n", "has no line below"),
        ("username,role\nalice,student,12\n", "has something in a column without a name"),
        ("username\n" + "a\n" * (MOST_LINES + 1), "more than 5000 lines"),
        ('username\n"a\nb"\n', "one line"),
    ],
)
def test_what_is_no_list_says_why(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        read(text)


ROLES = {"alice": "student", "ann": "student", "bob": "teacher"}


def test_a_list_adds_and_changes_and_removes_nobody_unless_that_is_asked_for() -> None:
    wanted = plan([Line("alice"), Line("ann", Role.ASSISTANT), Line("eve")], ROLES, {}, remove_others=False)
    assert ([line.username for line in wanted.added], [line.username for line in wanted.changed]) == (["eve"], ["ann"])
    assert (wanted.unchanged, wanted.removed) == (1, ())


def test_others_are_removed_where_that_is_asked_for_but_never_who_brings_the_list() -> None:
    assert plan([Line("eve")], ROLES, {}, remove_others=True, actor="bob").removed == ("alice", "ann")
    mine = plan([Line("bob", Role.STUDENT)], ROLES, {}, remove_others=False, actor="bob")
    assert (mine.added, mine.changed, mine.unchanged) == ((), (), 1)


def test_credits_alone_are_a_change_and_an_empty_cell_leaves_them() -> None:
    given = {"alice": Decimal(5)}
    lines = [Line("alice", credits=Decimal(5)), Line("ann", credits=Decimal(5))]
    assert [line.username for line in plan(lines, ROLES, given, remove_others=False).changed] == ["ann"]
    assert plan([Line("alice")], ROLES, given, remove_others=False).changed == ()
