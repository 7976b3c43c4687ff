"""Tokens of people and of service accounts: what they may be used for, how long, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from portal.accounts import services as accounts
from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from portal.accounts.scopes import Scope
from portal.accounts.tokens import Issued
from portal.api import urls as api_urls
from portal.api.authentication import BearerToken
from portal.cloud import identity
from portal.clusters.models import Cluster
from portal.clusters.wishes import Wish
from portal.trail.models import Entry
from tests.db.conftest import body_of, problem

TOKENS, ACCOUNTS, INTROSPECT = "/api/v1/auth/tokens", "/api/v1/auth/service-accounts", "/api/v1/auth/introspect"
JSON = "application/json"


def with_token(issued: Issued) -> Client:
    return Client(headers={"Authorization": f"Bearer {issued.secret}"})


def make(client: Client, **wish: Any) -> Any:
    return client.post(TOKENS, {"name": "mine", "scopes": ["read"], **wish}, content_type=JSON)


def views() -> list[type]:
    callbacks = [pattern.callback for pattern in api_urls.urlpatterns if isinstance(pattern, URLPattern)]
    return [callback.view_class for callback in callbacks if hasattr(callback, "view_class")]


@pytest.mark.parametrize("view", views(), ids=lambda view: view.__qualname__)
def test_every_view_says_which_scope_changing_something_there_needs(view: type) -> None:
    assert Scope(view.scope)  # type: ignore[attr-defined]


@pytest.mark.parametrize("view", views(), ids=lambda view: view.__qualname__)
def test_every_view_that_knows_people_by_tokens_looks_at_the_scope(view: Any) -> None:
    names = {permission.__name__ for permission in view.permission_classes}
    assert "InScope" in names or (names == {"AllowAny"} and BearerToken not in view.authentication_classes)


def test_a_new_token_is_told_once_and_only_its_hash_is_kept(api: Callable[[User], Client], alice: User) -> None:
    answer = make(api(alice), scopes=["clusters", "read"], days=7)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    row = ApiToken.objects.get(pk=body["id"])
    assert body["token"].startswith("slipway_")
    assert body["token"] not in str(vars(row))
    assert (body["name"], body["of"], body["scopes"]) == ("mine", "alice", ["read", "clusters"])
    assert timedelta(days=6.9) < row.expires_at - timezone.now() < timedelta(days=7)
    assert "token" not in api(alice).get(TOKENS).json()["results"][0]
    assert Entry.objects.filter(action="token.issue", subject=body["id"], actor="alice").count() == 1


def test_a_token_with_read_alone_reads_and_changes_nothing(alice: User, ready: Cluster, wish: Wish) -> None:
    client = with_token(tokens.issue(alice, "reader", ["read"], 1))
    assert client.get("/api/v1/clusters").status_code == 200
    for answer in (
        client.post("/api/v1/clusters", body_of(wish), content_type=JSON),
        client.delete(f"/api/v1/clusters/{ready.pk}"),
        client.post(f"/api/v1/clusters/{ready.pk}/resize", {"workers": 3}, content_type=JSON),
        client.post("/api/v1/folders", {}, content_type=JSON),
        client.post(f"/api/v1/clusters/{ready.pk}/jobs", {}),
    ):
        assert answer.status_code == 403
        assert problem(answer)["type"].endswith("insufficient-scope")
        assert 'scope="clusters"' in answer.headers["WWW-Authenticate"]
    assert Cluster.objects.get().target == "ready"


def test_a_token_without_read_does_not_read(alice: User, wish: Wish) -> None:
    client = with_token(tokens.issue(alice, "maker", ["clusters"], 1))
    assert client.get("/api/v1/clusters").status_code == 403
    assert client.post("/api/v1/clusters", body_of(wish), content_type=JSON).status_code == 202


def test_what_a_person_cannot_have_no_token_of_theirs_has(
    api: Callable[[User], Client], alice: User, dora: User
) -> None:
    assert "scopes" in problem(make(api(alice), scopes=["admin"]))["errors"]
    assert make(api(dora), scopes=["admin"]).status_code == 201
    held = with_token(tokens.issue(dora, "mine", ["read", "admin"], 1))
    assert held.get(ACCOUNTS).status_code == 200
    User.objects.filter(pk=dora.pk).update(is_administrator=False)
    assert held.get("/api/v1/me").json()["scopes"] == ["read"]
    assert held.get(ACCOUNTS).status_code == 403


def test_a_token_that_was_made_makes_no_other_and_ends_only_itself(alice: User) -> None:
    one, two = (tokens.issue(alice, name, ["read"], 1) for name in ("one", "two"))
    assert problem(make(with_token(one)))["type"].endswith("log-in-needed")
    assert problem(with_token(one).delete(f"{TOKENS}/{two.token.pk}"))["type"].endswith("log-in-needed")
    assert with_token(one).delete(f"{TOKENS}/{one.token.pk}").status_code == 204
    assert with_token(one).get("/api/v1/me").status_code == 401
    assert with_token(two).get("/api/v1/me").status_code == 200


def test_a_token_ends_when_its_time_is_over(alice: User) -> None:
    issued = tokens.issue(alice, "mine", ["read"], 1)
    ApiToken.objects.update(expires_at=timezone.now())
    assert with_token(issued).get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"days": 0}, "days"), ({"days": 367}, "days"), ({"days": 10**30}, "days"), ({"scopes": []}, "scopes"),
        ({"scopes": ["all"]}, "scopes.0"), ({"name": ""}, "name"), ({"name": "a\nb"}, "name"), ({"x": 1}, "x"),
        ({"name": "a" * 61}, "name"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_refused_at_its_field(
    wish: dict[str, Any], field: str, api: Callable[[User], Client], alice: User
) -> None:
    answer = make(api(alice), **wish)
    assert answer.status_code == 422
    assert field in problem(answer)["errors"]


def test_nobody_has_more_tokens_than_the_limit(
    api: Callable[[User], Client], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "TOKENS_EACH", 2)
    client = api(alice)
    assert [make(client).status_code for _ in range(3)] == [201, 201, 409]


def test_the_last_use_is_written_at_most_once_a_minute(alice: User) -> None:
    issued = tokens.issue(alice, "mine", ["read"], 1)
    with_token(issued).get("/api/v1/me")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    with_token(issued).get("/api/v1/me")
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=1))
    with_token(issued).get("/api/v1/me")
    last = ApiToken.objects.get().last_used_at
    assert last is not None
    assert last >= first


def test_one_sees_and_revokes_ones_own_tokens_only(
    api: Callable[[User], Client], alice: User, bob: User, charlie: User, dora: User
) -> None:
    issued = tokens.issue(alice, "mine", ["read"], 1)
    for person in (bob, charlie, dora):
        client = api(person)
        assert str(issued.token.pk) not in str(client.get(TOKENS).json())
        assert client.delete(f"{TOKENS}/{issued.token.pk}").status_code == 404
    assert api(alice).delete(f"{TOKENS}/{issued.token.pk}").status_code == 204
    assert Entry.objects.filter(action="token.revoke", actor="alice", name="mine").exists()


def service(api: Callable[[User], Client], dora: User, *scopes: str) -> Client:
    """What a service account's first token gives; its name is `lab`."""
    client = api(dora)
    assert client.post(ACCOUNTS, {"name": "lab", "scopes": scopes}, content_type=JSON).status_code == 201
    answer = make(client, scopes=scopes, service_account="lab")
    assert answer.status_code == 201
    return Client(headers={"Authorization": f"Bearer {answer.json()['token']}"})


def test_an_administrator_makes_service_accounts_and_their_tokens(api: Callable[[User], Client], dora: User) -> None:
    client = service(api, dora, "read", "billing")
    assert client.get("/api/v1/me").json() == {
        "username": "lab", "is_administrator": False, "is_service": True, "scopes": ["read", "billing"],
        "email": "", "wants_letters": True,
    }  # fmt: skip
    assert client.get("/api/v1/clusters").json()["results"] == []
    assert [row["name"] for row in api(dora).get(ACCOUNTS).json()["results"]] == ["lab"]
    assert problem(api(dora).post(ACCOUNTS, {"name": "lab", "scopes": ["read"]}, content_type=JSON))["status"] == 409
    assert "scopes" in problem(make(api(dora), scopes=["clusters"], service_account="lab"))["errors"]
    mine = next(row for row in api(dora).get(TOKENS).json()["results"] if row["of"] == "lab")
    assert api(dora).delete(f"{TOKENS}/{mine['id']}").status_code == 204
    assert client.get("/api/v1/me").status_code == 401


def test_others_make_no_service_accounts_and_no_tokens_of_them(
    api: Callable[[User], Client], alice: User, bob: User, dora: User
) -> None:
    service(api, dora, "read")
    for person in (alice, bob):
        client = api(person)
        assert client.get(ACCOUNTS).status_code == 403
        assert client.post(ACCOUNTS, {"name": "mine", "scopes": ["read"]}, content_type=JSON).status_code == 403
        assert make(client, service_account="lab").status_code == 403
    assert make(api(dora), service_account="nobody").status_code == 422
    client = api(dora)
    ApiToken.objects.filter(user=dora).update(scopes=["read", "clusters"])
    assert problem(make(client, service_account="lab"))["type"].endswith("insufficient-scope")


@pytest.mark.parametrize("name", ["", "Lab", "-lab", "lab-", "l ab", "läb", "a" * 61, "alice"])
def test_a_service_account_has_a_plain_name_that_nobody_else_has(
    name: str, api: Callable[[User], Client], dora: User
) -> None:
    answer = api(dora).post(ACCOUNTS, {"name": name, "scopes": ["read"]}, content_type=JSON)
    assert answer.status_code == (409 if name == "alice" else 422)
    assert not User.objects.exclude(service_scopes=None).exists()


def test_who_gets_a_services_name_in_keystone_gets_nothing_of_the_service(
    api: Callable[[User], Client], dora: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    service(api, dora, "read", "billing")
    monkeypatch.setattr(identity, "verify", lambda *_: identity.Identity("k-1", "lab"))
    assert accounts.log_in("lab", "password") is None


def test_a_service_is_told_what_a_token_is_good_for(api: Callable[[User], Client], alice: User, dora: User) -> None:
    client = service(api, dora, "read")
    issued = tokens.issue(alice, "mine", ["read", "clusters"], 1)
    form = urlencode({"token": issued.secret, "token_type_hint": "access_token"})
    told = client.post(INTROSPECT, form, content_type="application/x-www-form-urlencoded")
    assert told.status_code == 200
    assert told.json() == {
        "active": True, "scope": "read clusters", "username": "alice", "sub": "alice", "client_id": "mine",
        "token_type": "Bearer", "iat": int(issued.token.created_at.timestamp()),
        "exp": int(issued.token.expires_at.timestamp()), "iss": "http://portal.test:8000",
    }  # fmt: skip
    assert told.headers["Cache-Control"] == "no-store"
    wrong = client.post(INTROSPECT, {"token": "wrong"}, content_type=JSON)
    assert wrong.json() == {"active": False}
    tokens.revoke(alice, issued.token.pk)
    assert client.post(INTROSPECT, {"token": issued.secret}, content_type=JSON).json() == {"active": False}


def test_people_may_not_look_at_tokens(api: Callable[[User], Client], alice: User, bob: User) -> None:
    for person in (alice, bob):
        assert api(person).post(INTROSPECT, {"token": "x"}, content_type=JSON).status_code == 403
    assert Client().post(INTROSPECT, {"token": "x"}, content_type=JSON).status_code == 401


def test_who_asks_for_a_token_of_nobody_is_told_who_is_here_longest(alice: User) -> None:
    User.objects.bulk_create(User(username=f"a-class-{number:03}") for number in range(200))
    with pytest.raises(CommandError, match=r"no user 'nobody'.*\balice\b"):
        call_command("create_token", "nobody")
