"""What is kept of people no longer than it is good for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from portal.accounts import services as accounts
from portal.accounts.models import ApiToken, User
from portal.accounts.tasks import forget_expired
from portal.accounts.tokens import issue_for_log_in
from portal.cloud import identity


def test_expired_sessions_and_tokens_are_forgotten_and_others_stay(alice: User) -> None:
    now = timezone.now()
    for key, end in (("old", now - timedelta(seconds=1)), ("new", now + timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=end)
    issue_for_log_in(alice)
    ApiToken.objects.create(user=alice, digest="old", expires_at=now, scopes=["read"], by_password=True)
    forget_expired()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]
    assert ApiToken.objects.exclude(digest="old").count() == ApiToken.objects.count() == 1


def test_the_address_that_keystone_tells_at_a_log_in_is_kept_until_it_tells_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def log_in(told: str) -> User:
        monkeypatch.setattr(identity, "verify", lambda *_: identity.Identity("k-1", "erin", told))
        found = accounts.log_in("erin", "password")
        assert found
        return found

    assert log_in("erin@example.org").email == "erin@example.org"
    assert log_in("e@example.org").email == "e@example.org"
    accounts.set_letters(log_in(""), email="own@example.org")
    assert log_in("").email == "own@example.org"
    assert log_in("e@example.org").email == "e@example.org"
