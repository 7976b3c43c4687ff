"""The API against its own description: right and wrong requests made from it, and chains of them along its links.

No answer may be a fault of ours (5xx), and none another than the description says. Three of four requests are about
what is there, as who may not see a thing, or asks for one that is none, is told so before all else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zlib import crc32

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from billing import ledger
from portal.accounts.models import ApiToken, User
from portal.accounts.scopes import Scope
from portal.accounts.tokens import issue_for_log_in, make_service
from portal.api.schema import document
from portal.clusters.models import Cluster, Node
from portal.credits import leases
from tests.db.right_requests import ASK_THE_CLOUD, NONE_SUCCEEDS, Request, right_requests
from tests.db.test_rights import campus_life, undone

__all__ = ["campus_life"]

BOUNDED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
FEWER = settings(BOUNDED, max_examples=8)
Headers = dict[str, str]
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422"]
# No request knows an ETag; with a wrong one each is refused with 412.
STALE = {"If-Match", "If-None-Match"}
# Said in bodies and addresses where a word is asked for; a course is meant by its id or by its name.
WORDS = {
    "username": "ann",
    "person": "alice",
    "course": "demo",
    "confirm": "demo",
    "path": "table.csv",
    "name": "new",
    "flavor": "small",
    "master_flavor": "small",
    "image": "node",
    "share_type": "nfs",
    "csv": "username,role\neve,student\n",
    "application": "app.py",
}


def described(**config: Any) -> Any:
    text = {**document(), "servers": [{"url": "http://portal.test:8000"}]}
    config["checks"] = {"negative_data_rejection": {"expected-statuses": REFUSED}}
    schema = schemathesis.openapi.from_dict(text, config=schemathesis.Config.from_dict(config))
    schema.app = get_wsgi_application()
    return schema


api = described()
# The borders of each field are walked along once, by who gets furthest.
random_only = described(phases={"coverage": {"enabled": False}})


@pytest.fixture(autouse=True)
def one_transaction() -> Iterator[None]:
    """All is one transaction of the test's, which a request's end must not close (so does Django's own test client)."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def service(dora: User) -> User:
    """A service account that may do all that is no administrator's."""
    return make_service(dora, "walking-system", [scope for scope in Scope.values if scope != Scope.ADMIN])


@pytest.fixture
def headers(service: User) -> dict[str, Headers]:
    """By names."""
    return {
        name: {"Authorization": f"Bearer {issue_for_log_in(User.objects.get(username=name)).secret}"}
        for name in ("alice", "bob", "dora", service.username)
    }


@pytest.fixture
def life(campus_life: dict[str, Any], creating: Cluster, service: User, headers: dict[str, Headers]) -> dict[str, Any]:
    """What is there, by the names that addresses and bodies have for it."""
    soon = timezone.now() + timedelta(hours=2)
    ledger.grant("dora", Decimal(100), course="demo")
    lease = leases.create(service, leases.Wish(uuid4(), "demo", "alice", "A100", soon, hourly=Decimal(1)))
    Node.objects.filter(cluster=campus_life["cluster_id"], name="worker-01").update(trouble="lost")
    token = ApiToken.objects.get(user__username="alice").pk
    named = {"course": campus_life["course_id"], "folder": campus_life["folder_id"], "lease": lease.pk}
    return {**campus_life, **named, "token_id": token, "new_id": uuid4(), "soon": soon.isoformat()}


def aim(case: Any, life: dict[str, Any], places: tuple[str, ...] = ("path_parameters", "query", "body")) -> None:
    """At what is there, with one of four requests left as it is; and at words that mean something, with two of them."""
    chosen = crc32(repr(case).encode(errors="backslashreplace")) % 4
    if chosen:
        parts = case.meta.components.values() if case.meta else ()
        words = WORDS if chosen > 1 and all(part.mode is GenerationMode.POSITIVE for part in parts) else {}
        for name in STALE & set(case.headers):
            del case.headers[name]
        for place in places:
            given = getattr(case, place)
            at = aimed(given, life, WORDS if place == "path_parameters" else words)
            if at != given:  # what is set counts as changed
                setattr(case, place, at)


def aimed(value: Any, life: dict[str, Any], words: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [aimed(each, life, words) for each in value]
    if not isinstance(value, dict):
        return value
    return {name: known(name, each, life, words) for name, each in value.items()}


def known(name: Any, value: Any, life: dict[str, Any], words: dict[str, str]) -> Any:
    if name in life and is_id(value):
        return str(life[name])
    if name in words and isinstance(value, str) and value and not is_id(value):
        return words[name]
    return aimed(value, life, words)


def is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def excused(case: Any, status: int) -> list[Any]:
    """A body may have the right form and still name what is not there."""
    down = status == 503 and case.operation.definition.raw["operationId"] in ASK_THE_CLOUD
    return [positive_data_acceptance, *([not_a_server_error] if down else [])]


def walk(case: Any, headers: Headers, life: dict[str, Any]) -> None:
    aim(case, life)
    with undone():  # each begins where all do
        answer = case.call(headers=headers)
        case.validate_response(answer, excluded_checks=excused(case, answer.status_code), headers=headers)


@random_only.parametrize()
@BOUNDED
def test_a_student_gets_the_answers_that_are_described(
    case: Any, headers: dict[str, Headers], life: dict[str, Any]
) -> None:
    walk(case, headers["alice"], life)


@random_only.parametrize()
@BOUNDED
def test_a_teacher_gets_the_answers_that_are_described(
    case: Any, headers: dict[str, Headers], life: dict[str, Any]
) -> None:
    walk(case, headers["bob"], life)


@random_only.parametrize()
@FEWER
def test_a_service_account_gets_the_answers_that_are_described(
    case: Any, headers: dict[str, Headers], life: dict[str, Any]
) -> None:
    walk(case, headers["walking-system"], life)


@api.parametrize()
@BOUNDED
def test_an_administrator_gets_the_answers_that_are_described(
    case: Any, headers: dict[str, Headers], life: dict[str, Any]
) -> None:
    walk(case, headers["dora"], life)


def test_what_is_done_with_what_was_made_gets_the_answers_that_are_described(
    headers: dict[str, Headers], life: dict[str, Any]
) -> None:
    class Workflow(api.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            """Its address is about what the step before has made."""
            aim(case, life, places=("query", "body"))

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers["alice"]}

        def validate_response(self, response: Any, case: Any, **given: Any) -> None:
            case.validate_response(response, excluded_checks=excused(case, response.status_code), **given)

    run_state_machine_as_test(Workflow, settings=settings(BOUNDED, max_examples=8, stateful_step_count=6))  # type: ignore[no-untyped-call]


def test_each_operation_does_what_a_right_request_asks_for(headers: dict[str, Headers], life: dict[str, Any]) -> None:
    """Else all could be refused, and nothing be found above."""
    requests = right_requests(life)
    refused = {}
    for operation in (result.ok() for result in api.get_all_operations()):
        name = operation.definition.raw["operationId"]
        request = requests.pop(name, Request())
        answer = ask(operation, request, headers[request.who], life)
        if answer.status_code >= 300:
            refused[name] = f"{answer.status_code} {answer.content.decode()}"
    assert requests == {}, "of operations that are not there"
    assert refused.keys() == NONE_SUCCEEDS.keys(), refused
    assert all(refused[name].startswith("503") for name in refused.keys() & ASK_THE_CLOUD.keys()), refused


def ask(operation: Any, request: Request, headers: Headers, life: dict[str, Any]) -> Any:
    there = {**life, **request.path}
    case = operation.Case(
        path_parameters={each.name: str(there[each.name]) for each in operation.path_parameters},
        query=request.query,
        **({} if request.body is None else {"body": request.body, "media_type": "application/json"}),
    )
    with undone():
        answer = case.call(headers=headers)
        case.validate_response(answer, excluded_checks=excused(case, answer.status_code), headers=headers)
    return answer
