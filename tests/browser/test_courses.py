"""What a teacher does for a course: the roster, limits, profiles; and how a student meets them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, unfold
from tests.browser.visitor import Visitor


@pytest.fixture
def teacher(visit: Visit) -> Visitor:
    came = visit()
    came.log_in("teacher")
    came.page.get_by_role("link", name="Courses").click()
    came.page.get_by_role("link", name="Demo course").click()
    return came


def test_a_class_is_imported_from_a_spreadsheet(teacher: Visitor, tmp_path: Path) -> None:
    page = teacher.page
    teacher.look("course")
    page.get_by_role("link", name="Roster").click()
    teacher.look("roster")
    unfold(page, "Import a list")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("username,role\nnew-1,boss\n,student\n")
    page.get_by_label("CSV file").set_input_files(wrong)
    page.get_by_role("button", name="Show what it changes").first.click()
    expect(page.get_by_text("Line 2: the role 'boss' is unknown")).to_be_visible()
    expect(page.get_by_text("Line 3: has no username")).to_be_visible()
    teacher.look("roster-faults", status=422)
    right = tmp_path / "right.csv"
    right.write_text("\ufeffusername;role;credits\n" + "".join(f"new-{n};student;2,5\n" for n in range(12)))
    page.get_by_label("CSV file").set_input_files(right)
    page.get_by_role("button", name="Show what it changes").first.click()
    expect(page.get_by_text("12 added, 0 changed, 0 removed")).to_be_visible()
    teacher.look("roster-preview")
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_text("12 added, 0 changed, 0 removed.")).to_be_visible()
    page.get_by_role("link", name="new-11").click()
    teacher.look("roster-member")
    page.get_by_role("button", name="Remove new-11").click()
    expect(page.get_by_role("link", name="new-10")).to_be_visible()
    expect(page.get_by_role("link", name="new-11")).to_have_count(0)


def test_limits_have_exceptions(teacher: Visitor) -> None:
    page = teacher.page
    page.get_by_role("link", name="Limits").click()
    whole = page.get_by_role("group", name="All of the course together")
    whole.get_by_label("VCPUs").fill("64")
    page.get_by_role("button", name="Set the limits").click()
    expect(page.get_by_text("The limits are set.")).to_be_visible()
    expect(whole.get_by_label("VCPUs")).to_have_value("64")
    unfold(page, "Another limit for one student")
    page.get_by_label("Student", exact=True).fill("student2")
    page.get_by_label("Limit", exact=True).select_option("GB of folders")
    page.get_by_label("Is", exact=True).fill("40")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_text("40 GB of folders")).to_be_visible()
    teacher.look("limits")
    page.get_by_role("button", name="student2 as the others").click()
    expect(page.get_by_text("40 GB of folders")).to_have_count(0)


def test_a_student_creates_from_a_profile_and_finds_fixed_what_it_fixes(teacher: Visitor, visit: Visit) -> None:
    page = teacher.page
    page.get_by_role("link", name="Profiles").click()
    unfold(page, "Make a profile")
    page.get_by_label("Name", exact=True).fill("Exercise 1")
    page.get_by_label("What it is good for").fill("One small worker is enough for this.")
    page.get_by_role("spinbutton", name="Workers", exact=True).fill("1")
    teacher.look("profiles-make")
    page.get_by_role("button", name="Make").click()
    page.get_by_role("link", name="Exercise 1").click()
    teacher.look("profile")
    student = visit()
    student.log_in("student")
    student.page.get_by_role("link", name="Exercise 1").click()
    expect(student.page.get_by_label("Workers", exact=True)).to_be_disabled()
    expect(student.page.get_by_label("Workers", exact=True)).to_have_value("1")
    expect(student.page.get_by_label(re.compile("Ends after"))).to_be_enabled()
    student.look("create-from-profile")
    page.get_by_role("button", name="Delete Exercise 1").click()
    expect(page.get_by_text("There is none yet.")).to_be_visible()
