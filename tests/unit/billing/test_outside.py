"""What counts as a yes, a no and silence of the university's billing; and where the token goes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from billing import outside
from billing.outside import Refused, Service, Silent, WrongSettings, call, read
from tests.billing_server import TOKEN, Answer, University, drops, no, nothing, says, university, yes

URL = {"SLIPWAY_BILLING_URL": "https://billing.test/charge/"}


@pytest.fixture
def there() -> Iterator[University]:
    with university() as billing:
        yield billing


def test_its_calls_carry_the_token_the_body_and_the_key(there: University) -> None:
    call(there.service, "create", {"lease": "x"}, "k")
    [heard] = there.heard
    assert (heard.verb, heard.body) == ("create", {"lease": "x"})
    assert (heard.headers["Authorization"], heard.headers["Idempotency-Key"]) == (f"Bearer {TOKEN}", "k")
    assert TOKEN not in repr(there.service)


@pytest.mark.parametrize("answer", [yes, says(200), says(200, {"amount": "4"}), says(201, {})])
def test_a_success_is_a_yes(there: University, answer: Answer) -> None:
    there.answer = answer
    call(there.service, "check-create", {})


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (no, "the chair of physics has spent its money"),
        (says(409, {"detail": "two\nlines\x1b[1m", "next": "ask"}), "two lines[1m"),
        (says(404, {"message": "no such course"}), "no such course"),
        (says(403), "it gives no reason (status 403)"),
        (says(422, {"message": 5}), "it gives no reason (status 422)"),
        (says(403, {"message": "x" * 2000}), "x" * outside.LONGEST_REASON),
    ],
)
def test_a_refusal_is_a_no_with_its_reason(there: University, answer: Answer, reason: str) -> None:
    there.answer = answer
    with pytest.raises(Refused) as refused:
        call(there.service, "check-create", {})
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    "answer",
    [
        says(500, {"message": "broken"}),
        says(503),
        says(401, {"message": "who are you?"}),
        says(429, {"message": "later"}),
        says(404, b"<h1>Not Found</h1>"),
        says(200, b"<h1>Down for maintenance</h1>"),
        says(200, b"[" * 50_000),
        says(200, b'"yes"'),
        says(200, b"{" + b" " * outside.LARGEST + b"}"),
        says(200, b"\x1f\x8b garbage", Content_Encoding="gzip"),
        lambda call: call.handler.wfile.write(b"what is this?\r\n\r\n"),
        lambda call: None,
    ],
)
def test_all_else_is_silence(there: University, answer: Answer) -> None:
    there.answer = answer
    with pytest.raises(Silent):
        call(there.service, "check-create", {})


@pytest.mark.parametrize("answer", [nothing, drops])
def test_nobody_waits_longer_than_the_time_for_all_of_a_call(
    there: University, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "LONGEST", 0.5)
    there.answer = answer
    began = time.monotonic()
    with pytest.raises(Silent, match="no answer within"):
        call(there.service, "check-create", {})
    assert 0.4 < time.monotonic() - began < 2
    assert len(there.heard) == 1  # and nothing is asked again


def test_a_service_that_is_not_there_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Silent):
        call(Service(f"http://127.0.0.1:{port}", "t"), "check-create", {})


def test_the_token_goes_to_no_other_address(there: University, monkeypatch: pytest.MonkeyPatch) -> None:
    with university() as other:
        there.answer = says(307, Location=f"{other.service.url}/check-create")
        with pytest.raises(Silent, match="307"):
            call(there.service, "check-create", {})
        monkeypatch.setenv("HTTP_PROXY", other.service.url)
        monkeypatch.setenv("ALL_PROXY", other.service.url)
        there.answer = yes
        call(there.service, "check-create", {})
        assert other.heard == []


def test_settings_are_read_from_variables_and_the_token_from_a_file_too(tmp_path: Path) -> None:
    assert read({}) is None
    plain = read({**URL, "SLIPWAY_BILLING_TOKEN": "t"})
    assert plain == Service("https://billing.test/charge", "t", lends_in_silence=False)
    file = tmp_path / "token"
    file.write_text("of-a-file\n")
    kept = read({**URL, "SLIPWAY_BILLING_TOKEN_FILE": str(file), "SLIPWAY_BILLING_SILENCE": "allow"})
    assert kept == Service("https://billing.test/charge", "of-a-file", lends_in_silence=True)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"SLIPWAY_BILLING_TOKEN": ""}, "SLIPWAY_BILLING_TOKEN"),
        ({"SLIPWAY_BILLING_TOKEN": "two\nlines"}, "SLIPWAY_BILLING_TOKEN"),
        ({"SLIPWAY_BILLING_TOKEN_FILE": "/nowhere"}, "SLIPWAY_BILLING_TOKEN_FILE"),
        ({"SLIPWAY_BILLING_SILENCE": "maybe"}, "SLIPWAY_BILLING_SILENCE"),
        ({"SLIPWAY_BILLING_URL": "http://billing.test"}, "SLIPWAY_BILLING_URL"),
        ({"SLIPWAY_BILLING_URL": "ftp://billing.test"}, "SLIPWAY_BILLING_URL"),
        ({"SLIPWAY_BILLING_URL": "https://u:p@billing.test"}, "SLIPWAY_BILLING_URL"),
        ({"SLIPWAY_BILLING_URL": "https://billing.test:x"}, "SLIPWAY_BILLING_URL"),
    ],
)
def test_a_wrong_setting_is_named(change: dict[str, str], name: str) -> None:
    with pytest.raises(WrongSettings) as wrong:
        read({**URL, "SLIPWAY_BILLING_TOKEN": "t", **change})
    assert list(wrong.value.wrong) == [name]
