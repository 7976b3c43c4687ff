"""A person's own settings, by the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from portal.accounts.models import User
from portal.accounts.tokens import issue, make_service
from portal.trail.models import Entry
from tests.db.conftest import problem

ME, JSON = "/api/v1/me", "application/json"


def test_a_person_says_where_letters_go_and_what_is_not_said_stays(api: Callable[[User], Client], alice: User) -> None:
    client = api(alice)
    changed = client.patch(ME, {"email": "a@example.org"}, content_type=JSON)
    assert (changed.status_code, changed.json()["email"], changed.json()["wants_letters"]) == (
        200, "a@example.org", True,
    )  # fmt: skip
    assert client.patch(ME, {"wants_letters": False}, content_type=JSON).json() == client.get(ME).json()
    alice.refresh_from_db()
    assert (alice.email, alice.wants_letters) == ("a@example.org", False)
    assert client.patch(ME, {"email": ""}, content_type=JSON).json()["email"] == ""
    said = Entry.objects.filter(action="user.letters")
    assert said.count() == 3
    assert "example.org" not in str(said.values())


def test_of_two_programs_that_saw_the_same_one_changes_it(api: Callable[[User], Client], alice: User) -> None:
    client = api(alice)
    seen = client.get(ME).headers["ETag"]
    answers = [
        client.patch(ME, {"wants_letters": wanted}, content_type=JSON, headers={"If-Match": seen})
        for wanted in (False, True)
    ]
    assert [answer.status_code for answer in answers] == [200, 412]
    assert client.get(ME).json()["wants_letters"] is False


@pytest.mark.parametrize(
    ("scopes", "status"), [(["read"], 403), (["read", "course", "billing"], 403), (["clusters"], 200)]
)
def test_a_token_turns_warnings_elsewhere_only_where_it_could_end_what_they_warn_of(
    scopes: list[str], status: int, alice: User
) -> None:
    client = Client(headers={"Authorization": f"Bearer {issue(alice, 'a program', scopes, 1).secret}"})
    assert client.patch(ME, {"email": "x@example.org"}, content_type=JSON).status_code == status
    alice.refresh_from_db()
    assert bool(alice.email) == (status == 200)


def test_a_service_account_has_no_letters(dora: User) -> None:
    make_service(dora, "lab", ["read", "clusters"])
    client = Client(headers={"Authorization": f"Bearer {issue(dora, 'a', ['clusters'], 1, service='lab').secret}"})
    answer = client.patch(ME, {"email": "x@example.org"}, content_type=JSON)
    assert (answer.status_code, problem(answer)["detail"]) == (403, "A service account gets no letters.")
    assert User.objects.get(username="lab").email == ""


@pytest.mark.parametrize("email", [f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 20}.org", "a\0@example.org"])
def test_an_address_that_the_database_could_not_keep_is_refused(
    email: str, api: Callable[[User], Client], browser: Callable[[User], Client], alice: User
) -> None:
    assert "email" in problem(api(alice).patch(ME, {"email": email}, content_type=JSON))["errors"]
    assert browser(alice).post("/me", {"email": email}).status_code == 422
