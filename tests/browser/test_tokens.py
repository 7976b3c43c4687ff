"""Tokens for programs: made on a page, shown once, used, and revoked."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cli.slipway_client import ApiError, Client
from launcher.testing import Embedded
from tests.browser.conftest import Visit


def test_a_token_is_shown_once_works_and_is_refused_after_it_was_revoked(visit: Visit, house: Embedded) -> None:
    visitor = visit()
    visitor.log_in("student")
    page = visitor.page
    page.get_by_role("link", name="Tokens").click()
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("Clusters").check()
    visitor.look("tokens")
    page.get_by_role("button", name="Make").click()
    expect(page.get_by_role("alert")).to_contain_text("it is not shown again")
    secret = page.locator("#made pre").first.inner_text()
    visitor.look("token-made")
    program = Client(house.url, secret)
    assert (program.me()["username"], program.me()["scopes"]) == ("student", ["read", "clusters"])
    page.get_by_role("link", name="Tokens").click()
    row = page.get_by_role("row", name="nightly")
    expect(row).to_contain_text("read, clusters")
    expect(row).not_to_contain_text("never")
    assert secret not in page.content()
    row.get_by_role("button", name="Revoke nightly").click()
    expect(page.get_by_role("row", name="nightly")).to_have_count(0)
    with pytest.raises(ApiError) as refused:
        program.me()
    assert refused.value.status == 401
