"""A cluster that really fails: its page says what, why, and what to do."""

from __future__ import annotations

from typing import Any

from tests.browser.conftest import Visit


def test_its_page_names_the_machine_the_cause_and_the_next_step(visit: Visit, failed: dict[str, Any]) -> None:
    visitor = visit()
    visitor.log_in("student2")
    visitor.sees("Your clusters")
    visitor.look("home-with-failed")
    visitor.page.get_by_role("link", name=failed["name"]).click()
    visitor.sees("The node master could not start.")
    visitor.sees("port 9870 on")
    visitor.sees("Another program holds a port")
    visitor.sees("Nothing was charged for it.")
    visitor.look("failed")
