"""What an administrator looks after: budgets, prices, the stacks of all courses, the trail, accounts of other systems.

The tests stand in the order of the walk and share one visitor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.browser.conftest import Visit, row_of, unfold
from tests.browser.visitor import Visitor

READY_SECONDS = 180


@pytest.fixture(scope="module")
def student(person: Callable[[str], Client]) -> Client:
    return person("student")


@pytest.fixture(scope="module")
def cluster(student: Client) -> Iterator[dict[str, Any]]:
    """A student's, which gets ready while the administrator looks at other pages."""
    (course,) = student.courses()
    made = student.create_cluster(course["id"], "seen from above", 1, "small", 1)
    yield made
    student.delete_cluster(made["id"])
    student.wait_for_cluster(made["id"], READY_SECONDS)


@pytest.fixture(scope="module")
def administrator(visit: Visit, cluster: dict[str, Any]) -> Visitor:
    came = visit()
    came.log_in("admin")
    return came


@pytest.fixture
def page(administrator: Visitor) -> Page:
    return administrator.page


def to(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("link", name=name, exact=True).first.click()


def test_a_teacher_gets_a_budget(administrator: Visitor, page: Page, person: Callable[[str], Client]) -> None:
    had = {each["person"]: Decimal(each["credits"]) for each in person("admin").budgets()}.get("teacher", Decimal())
    to(page, "Credits", "Budgets")
    page.get_by_label("Whose budget").fill("nobody-of-this-name")
    page.get_by_label("Credits").fill("250")
    page.get_by_role("button", name="Give").click()
    expect(page.get_by_text("there is nobody of this name")).to_be_visible()
    administrator.look("budgets-refused", status=422)
    page.get_by_label("Whose budget").fill("teacher")
    page.get_by_role("button", name="Give").click()
    expect(row_of(page, "teacher").get_by_role("cell")).to_have_text(f"{had + 250:,.2f}")
    administrator.look("budgets")


def test_a_price_is_set_for_the_future_only(administrator: Visitor, page: Page) -> None:
    to(page, "Credits", "What things cost")
    administrator.look("rates")
    past, future = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 30))
    price = page.locator("section", has=page.get_by_role("heading", name="Set a price"))
    price.get_by_label("Flavor or share type").fill("small")
    price.get_by_label("Credits").fill("1.25")
    price.get_by_label("From").fill(past.strftime("%Y-%m-%dT%H:00"))
    price.get_by_role("button", name="Set").click()
    expect(price.get_by_role("alert")).to_be_visible()
    administrator.look("rates-refused", status=422)
    price.get_by_label("From").fill(future.strftime("%Y-%m-%dT%H:00"))
    price.get_by_role("button", name="Set").click()
    expect(page.get_by_text("small: 1.25 from").first).to_be_visible()


def test_what_a_wrong_price_charged_is_looked_at_before_it_is_set_right(administrator: Visitor, page: Page) -> None:
    anew = page.locator("section", has=page.get_by_role("heading", name="Charge a time anew"))
    end = datetime.now(UTC)
    anew.get_by_label("From (UTC)").fill((end - timedelta(days=1)).strftime("%Y-%m-%dT%H:00"))
    anew.get_by_label("To (UTC)").fill(end.strftime("%Y-%m-%dT%H:00"))
    anew.get_by_label("Why").fill("is anything wrong?")
    anew.get_by_role("button", name="Look first").click()
    expect(page.get_by_text("0 charges would be set right.")).to_be_visible()
    administrator.look("rates-preview")


def test_a_course_gets_new_credits(administrator: Visitor, page: Page) -> None:
    to(page, "Credits", "Credits of Demo course")
    page.get_by_label("Credits", exact=True).fill("100")
    page.get_by_label("What for").fill("a larger exercise")
    page.get_by_role("button", name="Give").click()
    expect(page.get_by_role("heading", name="Give credits")).to_be_visible()
    administrator.look("course-credits-of-an-administrator")


def test_stacks_stand_beside_what_the_portal_believes_and_the_ledger_charges(
    administrator: Visitor, page: Page, student: Client, cluster: dict[str, Any]
) -> None:
    student.wait_for_cluster(cluster["id"], READY_SECONDS)
    to(page, "Stacks")
    expect(row_of(page, "seen from above")).to_contain_text("As it should be")
    expect(row_of(page, "seen from above")).to_contain_text("2 nodes")
    administrator.look("stacks")


def test_one_stack_shows_its_template_and_no_secret(administrator: Visitor, page: Page) -> None:
    to(page, "seen from above")
    administrator.look("stack")
    for part in ("Resources", "Events", "Parameters", "Template"):
        unfold(page, part)
    expect(page.locator("pre")).to_contain_text("heat_template_version")
    expect(page.get_by_text("OS::Nova::Server").first).to_be_visible()
    administrator.look("stack-inside")


def test_the_trail_is_narrowed_to_what_one_person_did(administrator: Visitor, page: Page) -> None:
    to(page, "Trail")
    administrator.look("trail")
    page.get_by_label("Who", exact=True).fill("admin")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("cell", name="budget.grant").first).to_be_visible()
    expect(page.get_by_role("rowheader", name="student")).to_have_count(0)
    administrator.look("trail-of-one")


def test_another_system_gets_an_account_and_a_token_shown_once(
    administrator: Visitor, page: Page, house: Embedded
) -> None:
    to(page, "Tokens", "Service accounts")
    page.get_by_label("Name").fill("jupyterhub")
    page.get_by_label("Credits and charges").check()
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_role("heading", name="Tokens of jupyterhub")).to_be_visible()
    to(page, "← Service accounts")
    administrator.look("service-accounts")
    to(page, "jupyterhub")
    page.get_by_label("Name").fill("the hub")
    page.get_by_role("button", name="Make").click()
    secret = page.locator("#made pre").first.inner_text()
    administrator.look("service-token-made")
    assert Client(house.url, secret).me()["username"] == "jupyterhub"
    to(page, "← Service accounts", "jupyterhub")
    expect(page.get_by_role("row", name="the hub")).to_be_visible()
    assert secret not in page.content()


def test_somebody_may_make_courses_until_they_may_not(administrator: Visitor, page: Page) -> None:
    to(page, "Courses")
    unfold(page, "Who may make courses")
    page.get_by_label("User name").first.fill("student2")
    page.get_by_role("button", name="Let them make courses").click()
    unfold(page, "Who may make courses")
    expect(page.get_by_text("Beside administrators:")).to_contain_text("student2")
    unfold(page, "Make a course")
    administrator.look("courses-of-an-administrator")
    page.get_by_label("User name").last.select_option("student2")
    page.get_by_role("button", name="No longer").click()
    expect(page.get_by_text("Beside administrators:")).not_to_contain_text("student2")
