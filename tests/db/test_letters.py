"""Letters: written once, sent once, by a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.letters import services as letters
from portal.letters.models import Letter, State


class Kept:
    """Keeps what comes; has no mailbox for whoever is called nobody, and later one for greylisted. At the name hangs-up
    it does that."""

    def __init__(self) -> None:
        self.came: list[Envelope] = []
        self.tried: list[str] = []

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]) -> str:  # noqa: N802
        self.tried.append(address)
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        if address.startswith("greylisted@"):
            return "450 come again later"
        if address.startswith("hangs-up@"):
            server.transport.close()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        self.came.append(envelope)
        return "250 OK"


class Server(Controller):
    """At a port that is free, which it then says."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Kept]:
    kept = Kept()
    server = Server(kept, hostname="127.0.0.1", port=0)
    server.start()
    try:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield kept
    finally:
        server.stop()


def reached(user: User, name: str = "") -> User:
    user.email = f"{name or user.username}@example.org"
    user.save()
    return user


def test_a_letter_reaches_its_person_once(mailbox: Kept, alice: User) -> None:
    for _ in range(2):
        letters.write("k", reached(alice), "Your cluster\nends", "Soon: ä.\n")
        letters.deliver()
    (envelope,) = mailbox.came
    assert envelope.rcpt_tos == ["alice@example.org"]
    assert envelope.content is not None
    assert b"Subject: Your cluster ends" in bytes(envelope.content)
    assert (Letter.objects.get().state, Letter.objects.count()) == (State.SENT, 1)


def test_who_wants_none_hears_only_of_what_is_gone(mailbox: Kept, alice: User) -> None:
    User.objects.filter(pk=reached(alice).pk).update(wants_letters=False)
    letters.write("warning", alice, "Ends soon", "")
    letters.write("end", alice, "Has ended", "", must=True)
    letters.deliver()
    assert [b"Has ended" in bytes(envelope.content or b"") for envelope in mailbox.came] == [True]
    assert Letter.objects.get(key="warning").state == State.UNWANTED


def test_without_an_address_nothing_is_sent(mailbox: Kept, alice: User) -> None:
    letters.write("end", alice, "Has ended", "", must=True)
    letters.deliver()
    assert not mailbox.came
    assert Letter.objects.get().state == State.UNWANTED


def test_one_wrong_address_holds_up_no_other(mailbox: Kept, alice: User, bob: User) -> None:
    letters.write("a", reached(alice, "nobody"), "s", "t")
    letters.write("b", reached(bob), "s", "t")
    letters.deliver()
    assert [envelope.rcpt_tos for envelope in mailbox.came] == [["bob@example.org"]]
    refused = Letter.objects.get(key="a")
    assert (refused.state, refused.trouble) == (State.UNDELIVERABLE, "550 no such mailbox")


@pytest.mark.parametrize("address", ["alice", "alice@@example.org", "a b@example.org", "ä@example.org", "a@b\nCc: x@y"])
def test_an_address_that_is_none_ends_no_pass(mailbox: Kept, alice: User, bob: User, address: str) -> None:
    User.objects.filter(pk=alice.pk).update(email=address)
    letters.write("a", User.objects.get(pk=alice.pk), "s", "t")
    letters.write("b", reached(bob), "s", "t")
    letters.deliver()
    assert ["bob@example.org"] in [envelope.rcpt_tos for envelope in mailbox.came]
    assert Letter.objects.get(key="a").state != State.WAITING


def test_what_may_pass_is_tried_again_a_bounded_number_of_times(mailbox: Kept, alice: User) -> None:
    letters.write("a", reached(alice, "greylisted"), "s", "t")
    letters.deliver()
    letters.deliver()  # too early
    first = Letter.objects.get()
    assert (first.state, first.attempts, first.trouble) == (State.WAITING, 1, "450 come again later")
    for _ in range(letters.TRIES + 5):
        Letter.objects.update(next_at=timezone.now())
        letters.deliver()
    last = Letter.objects.get()
    assert (last.state, last.attempts) == (State.UNDELIVERABLE, letters.TRIES)
    assert len(mailbox.tried) == letters.TRIES


def test_a_letter_at_which_the_server_hangs_up_keeps_the_others_for_one_pass_only(
    mailbox: Kept, alice: User, bob: User
) -> None:
    letters.write("a", reached(alice, "hangs-up"), "s", "t")
    letters.write("b", reached(bob), "s", "t")
    letters.deliver()
    letters.deliver()
    assert [envelope.rcpt_tos for envelope in mailbox.came] == [["bob@example.org"]]
    assert Letter.objects.get(key="a").trouble


def test_old_letters_are_forgotten_and_those_that_wait_are_not(alice: User) -> None:
    for state in State:
        for days in (89, 91):
            letters.write(f"{state} {days}", alice, "s", "t")
            made_at = timezone.now() - timedelta(days=days)
            Letter.objects.filter(key=f"{state} {days}").update(state=state, made_at=made_at)
    letters.forget()
    assert {letter.key for letter in Letter.objects.all()} == {"waiting 91", *(f"{state} 89" for state in State)}


def test_a_mail_server_that_is_away_is_asked_again_until_the_letter_is_old(
    mailbox: Kept, alice: User, settings: Any
) -> None:
    letters.write("a", reached(alice), "s", "t")
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9  # the discard port of loopback, where nobody listens
    letters.deliver()
    assert Letter.objects.get().state == State.WAITING
    settings.EMAIL_PORT = port
    letters.deliver()
    assert len(mailbox.came) == 1
    letters.write("old", alice, "s", "t")
    Letter.objects.filter(key="old").update(made_at=timezone.now() - timedelta(days=2))
    letters.deliver()
    assert len(mailbox.came) == 1
    old = Letter.objects.get(key="old")
    assert (old.state, old.trouble) == (State.UNDELIVERABLE, "the mail server did not answer for a day")


def test_what_is_rolled_back_was_never_written(alice: User) -> None:
    with transaction.atomic():
        letters.write("a", alice, "s", "t")
        transaction.set_rollback(True)
    assert not Letter.objects.exists()
