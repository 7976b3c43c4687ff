"""What a teacher does for a class of 200: the course, the roster, limits, credits, clusters for all, who spent what.

The tests stand in the order of the way and share one visitor and one course.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cli.slipway_client import Client
from tests.browser.conftest import Visit, row_of, unfold
from tests.browser.visitor import Visitor

STUDENTS = [f"ds-{number:03}" for number in range(1, 201)]
READY_SECONDS, CHARGED_SECONDS = 180, 90


@pytest.fixture(scope="module")
def teacher(visit: Visit, person: Callable[[str], Client]) -> Visitor:
    """An administrator lets them make courses, and gave them a budget."""
    administrator = person("admin")
    administrator.appoint("teacher")
    administrator.give_budget("teacher", "1000", "winter term")
    came = visit()
    came.log_in("teacher")
    return came


@pytest.fixture
def page(teacher: Visitor) -> Page:
    return teacher.page


def to_course(page: Page) -> None:
    page.get_by_role("link", name="Courses", exact=True).click()
    page.get_by_role("link", name="Data science").click()


def test_the_course_is_made_and_has_a_place_in_the_cloud(teacher: Visitor, page: Page) -> None:
    page.get_by_role("link", name="Courses", exact=True).click()
    unfold(page, "Make a course")
    teacher.look("courses-make")
    page.get_by_label("Title").fill("Data science")
    page.get_by_label("Short name").fill("Data Science!")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_text("Something is not right yet. No course was made.")).to_be_visible()
    teacher.look("courses-make-fault", status=422)
    page.get_by_label("Short name").fill("ds-26")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.get_by_role("heading", name="Data science")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("Ready", timeout=60_000)
    teacher.look("course-new")


def test_a_file_with_a_bad_line_imports_nobody_and_the_right_one_200(
    teacher: Visitor, page: Page, tmp_path: Path
) -> None:
    page.get_by_role("link", name="Roster").click()
    unfold(page, "Import a list")
    lines = [f"{name},student,20" for name in STUDENTS]
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    wrong.write_text("\n".join(["username,role,credits", *lines[:99], "ds-100,boss,20", *lines[100:], ""]))
    right.write_text("\n".join(["username,role,credits", *lines, ""]))
    page.get_by_label("CSV file").set_input_files(wrong)
    page.get_by_role("button", name="Show what it changes").first.click()
    expect(page.get_by_text("Line 101: the role 'boss' is unknown")).to_be_visible()
    teacher.saw(422)
    page.get_by_label("CSV file").set_input_files(right)
    page.get_by_role("button", name="Show what it changes").first.click()
    expect(page.get_by_text("200 added, 0 changed, 0 removed")).to_be_visible()
    page.get_by_role("button", name="Do it").click()
    expect(row_of(page, "ds-200")).to_contain_text("Student")


def test_its_limits_are_set(teacher: Visitor, page: Page) -> None:
    to_course(page)
    page.get_by_role("link", name="Limits").click()
    whole = page.get_by_role("group", name="All of the course together")
    whole.get_by_label("Clusters at once").fill("2")
    page.get_by_role("group", name="Each student").get_by_label("Clusters at once").fill("1")
    page.get_by_role("button", name="Set the limits").click()
    expect(page.get_by_text("The limits are set.")).to_be_visible()


def test_it_gets_credits_out_of_the_teachers_budget(teacher: Visitor, page: Page) -> None:
    to_course(page)
    page.get_by_role("link", name="Credits").last.click()
    page.get_by_label("Credits", exact=True).fill("600")
    page.get_by_label("What for").fill("exercises 1 to 6")
    page.get_by_role("button", name="Give").click()
    expect(page.locator("dl").get_by_text("600.00").first).to_be_visible()
    teacher.look("course-credits-given")
    page.get_by_label("Credits", exact=True).fill("100000")
    page.get_by_role("button", name="Give").click()
    expect(page.get_by_role("alert")).to_be_visible()
    teacher.look("course-credits-refused", status=422)


def test_clusters_are_ready_for_a_lecture_and_who_gets_none_is_named(teacher: Visitor, page: Page) -> None:
    to_course(page)
    page.get_by_role("link", name="Clusters for all").click()
    teacher.look("class")
    soon = datetime.fromisoformat(page.get_by_label("Ready at").input_value()) - timedelta(minutes=58)
    page.get_by_label("Ready at").fill(soon.isoformat(timespec="minutes"))
    page.get_by_label("Workers").fill("1")
    page.get_by_label("Hours from then on").fill("1")
    page.get_by_label("For these students only").fill("ds-001\nds-002\nds-003")
    page.locator("#start").get_by_role("button", name="Preview").click()
    expect(page.get_by_text("A preview: nothing was done.")).to_be_visible()
    expect(row_of(page, "ds-003")).to_contain_text("Nothing:")
    teacher.look("class-preview")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("heading", name="Data science")).to_be_visible()
    expect(row_of(page, "ds-003")).to_contain_text("Refused", timeout=READY_SECONDS * 1000)
    expect(row_of(page, "ds-001")).to_contain_text("Done")
    teacher.look("class-action")
    for name in STUDENTS[:2]:
        where = page.url
        page.get_by_role("link", name=name).click()
        expect(page.locator(".status.ready").first).to_be_visible(timeout=READY_SECONDS * 1000)
        page.goto(where)


def test_the_roster_shows_who_has_a_cluster(teacher: Visitor, page: Page) -> None:
    to_course(page)
    teacher.look("course-leading")
    page.get_by_role("link", name="Roster").click()
    assert row_of(page, "ds-002").get_by_role("cell").all_inner_texts()[3] == "1"


def test_all_ends_are_put_off(teacher: Visitor, page: Page) -> None:
    to_course(page)
    page.get_by_role("link", name="Clusters for all").click()
    page.locator("#extend").get_by_role("button", name="Preview").click()
    expect(row_of(page, "ds-002")).to_contain_text("ends at")
    page.get_by_role("button", name="Extend all").click()
    expect(row_of(page, "ds-002")).to_contain_text("Done")


def test_all_clusters_end_only_by_the_courses_name(teacher: Visitor, page: Page) -> None:
    to_course(page)
    page.get_by_role("link", name="Clusters for all").click()
    page.locator("#end").get_by_label("The course's name").fill("data science")
    page.get_by_role("button", name="End all", exact=True).click()
    expect(page.locator("#end").get_by_role("alert")).to_be_visible()
    teacher.look("class-end-refused", status=422)
    page.locator("#end").get_by_label("The course's name").fill("ds-26")
    page.get_by_role("button", name="End all", exact=True).click()
    expect(row_of(page, "ds-001")).to_contain_text("Done")
    expect(row_of(page, "ds-002")).to_contain_text("Done")


def test_the_statement_says_who_spent_what(teacher: Visitor, page: Page) -> None:
    to_course(page)
    page.get_by_role("link", name="Credits").last.click()
    charged = row_of(page, "ds-002").get_by_role("link", name="this month")
    for _ in range(CHARGED_SECONDS):
        spent = [text for name in STUDENTS[:2] for text in row_of(page, name).get_by_role("cell").all_inner_texts()[:1]]
        if len(spent) == 2 and "0.00" not in spent:
            break
        page.wait_for_timeout(1000)
        page.reload()
    teacher.look("course-credits-spent")
    charged.click()
    expect(page.get_by_role("heading", name="Statement of ds-002")).to_be_visible()
    page.get_by_role("link", name="Credits of Data science").click()
    page.get_by_role("link", name="Statement of the whole course").click()
    expect(page.get_by_role("table")).to_contain_text("ds-001")
    teacher.look("statement")
    with page.expect_download() as got:
        page.get_by_role("link", name="CSV").click()
    assert "ds-001" in Path(got.value.path()).read_text(encoding="utf-8-sig")


def test_all_of_it_stands_in_the_trail(teacher: Visitor, page: Page) -> None:
    to_course(page)
    page.get_by_role("link", name="Who did what").click()
    for deed in ("course.create", "class.start", "class.extend", "class.end"):
        expect(page.get_by_role("cell", name=deed).first).to_be_visible()
    teacher.look("trail-of-a-course")
