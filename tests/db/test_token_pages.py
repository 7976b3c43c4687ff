"""The pages about tokens: what each person sees and does there, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from portal.trail.models import Entry

Browser = Callable[[User], Client]
WISH = {"name": "nightly", "scopes": ["read", "clusters"], "days": "7"}


def shown(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer
    return answer.content.decode()


def secret_in(page: str) -> str:
    (secret,) = re.findall(rf"{tokens.PREFIX}[\w-]{{43}}", page)
    return str(secret)


def main_of(answer: Any) -> str:
    """Without the head, whose form has another secret each time."""
    return str(answer.content.decode().partition("<main")[2])


def works(secret: str) -> bool:
    return Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/me").status_code == 200


def test_a_token_is_shown_once_and_works_until_it_is_revoked(browser: Browser, alice: User) -> None:
    client = browser(alice)
    answer = client.post("/tokens/make", WISH)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    secret = secret_in(answer.content.decode())
    assert works(secret)
    page = shown(client, "/tokens")
    assert "nightly" in page
    assert "read, clusters" in page
    assert secret not in page
    token = ApiToken.objects.get(name="nightly")
    assert (token.user, token.by_password) == (alice, False)
    assert timedelta(days=6.9) < token.expires_at - timezone.now() < timedelta(days=7)
    answer = client.post(f"/tokens/{token.pk}/revoke")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/tokens")
    assert not works(secret)
    assert set(Entry.objects.filter(actor="alice").values_list("action", "name")) == {
        ("token.issue", "nightly"), ("token.revoke", "nightly"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "required"), ({"name": "a\u2028b"}, "one line"), ({"scopes": []}, "required"),
        ({"scopes": ["admin"]}, "admin"), ({"days": "0"}, "greater than"), ({"days": "367"}, "less than"),
        ({"days": "9" * 5000}, "whole number"), ({"name": "a\0b"}, "Null"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_shown_at_its_field_and_makes_nothing(
    change: dict[str, Any], says: str, browser: Browser, alice: User
) -> None:
    answer = browser(alice).post("/tokens/make", {**WISH, **change})
    assert answer.status_code == 422
    assert re.search(rf'class="error"[^<]*{says}', answer.content.decode())
    assert not ApiToken.objects.exists()


def test_the_limit_is_told_in_words(browser: Browser, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "TOKENS_EACH", 1)
    client = browser(alice)
    assert client.post("/tokens/make", WISH).status_code == 200
    answer = client.post("/tokens/make", WISH)
    assert answer.status_code == 422
    assert "Revoke one first." in answer.content.decode()


def test_nobody_sees_or_revokes_anothers_tokens(
    browser: Browser, alice: User, ann: User, bob: User, charlie: User, dora: User
) -> None:
    issued = tokens.issue(alice, "of alice", ["read"], 1)
    for person in (ann, bob, charlie, dora):
        client = browser(person)
        assert "of alice" not in shown(client, "/tokens")
        refused = client.post(f"/tokens/{issued.token.pk}/revoke")
        nothing = client.post(f"/tokens/{uuid4()}/revoke")
        assert refused.status_code == nothing.status_code == 404
        assert main_of(refused) == main_of(nothing)
    assert works(issued.secret)
    assert Client().get("/tokens").status_code == 302
    assert Client().post(f"/tokens/{issued.token.pk}/revoke").status_code == 302
    assert works(issued.secret)


def test_an_administrator_makes_a_service_account_and_its_tokens(browser: Browser, dora: User) -> None:
    client = browser(dora)
    made = client.post("/service-accounts/make", {"name": "billing-2", "scopes": ["read", "billing"]})
    assert (made.status_code, made.headers["Location"]) == (302, "/service-accounts/of/billing-2")
    assert "billing-2" in shown(client, "/service-accounts")
    wish = {"name": "of theirs", "scopes": ["read"], "days": "30"}
    secret = secret_in(client.post("/service-accounts/of/billing-2/tokens/make", wish).content.decode())
    token = ApiToken.objects.get(name="of theirs")
    assert token.user.username == "billing-2"
    assert works(secret)
    assert "of theirs" in shown(client, "/service-accounts/of/billing-2")
    assert "of theirs" not in shown(client, "/tokens")
    assert client.post("/service-accounts/of/billing-2/tokens/make", {**wish, "scopes": "course"}).status_code == 422
    answer = client.post(f"/tokens/{token.pk}/revoke")
    assert answer.headers["Location"] == "/service-accounts/of/billing-2"
    assert not works(secret)


@pytest.mark.parametrize("name", ["Lab", "alice", ""])
def test_a_name_that_no_service_account_can_have_is_refused_at_its_field(
    name: str, browser: Browser, dora: User
) -> None:
    answer = browser(dora).post("/service-accounts/make", {"name": name, "scopes": ["read"]})
    assert answer.status_code == 422
    assert not User.objects.exclude(service_scopes=None).exists()


def test_service_accounts_are_for_administrators(
    browser: Browser, alice: User, bob: User, charlie: User, dora: User
) -> None:
    tokens.make_service(dora, "lab", ["read"])
    token = tokens.issue(dora, "of lab", ["read"], 1, service="lab").token
    for person in (alice, bob, charlie):
        client = browser(person)
        assert "/service-accounts" not in shown(client, "/tokens")
        shown(client, "/service-accounts", 403)
        shown(client, "/service-accounts/of/lab", 403)
        shown(client, "/service-accounts/of/nobody", 403)
        assert client.post("/service-accounts/make", {"name": "x", "scopes": ["read"]}).status_code == 403
        assert client.post("/service-accounts/of/lab/tokens/make", WISH).status_code == 403
        assert client.post(f"/tokens/{token.pk}/revoke").status_code == 404
    assert list(ApiToken.objects.all()) == [token]


@pytest.mark.parametrize("name", ["nobody", "alice", "%00"])
def test_the_page_of_no_service_account_is_not_there(name: str, browser: Browser, dora: User) -> None:
    shown(browser(dora), f"/service-accounts/of/{name}", 404)


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/tokens/make", "/tokens"), (f"/tokens/{UUID(int=1)}/revoke", "/tokens"),
        ("/service-accounts/make", "/service-accounts"),
        ("/service-accounts/of/lab/tokens/make", "/service-accounts/of/lab"),
    ],
)  # fmt: skip
def test_who_comes_to_a_form_by_a_detour_is_led_to_its_page(path: str, page: str, browser: Browser, dora: User) -> None:
    answer = browser(dora).get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, page)


def test_a_hostile_name_is_text(browser: Browser, alice: User) -> None:
    client = browser(alice)
    page = client.post("/tokens/make", {**WISH, "name": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page + shown(client, "/tokens")
    token = ApiToken.objects.get()
    assert "<script>alert" not in client.post(f"/tokens/{token.pk}/revoke", follow=True).content.decode()
