"""The API against its own description: right and wrong requests made from it, and chains of them along its links.

No answer may be a fault of ours (5xx), and none another than the description says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from portal.accounts.models import User
from portal.accounts.tokens import issue_for_log_in
from portal.api.schema import document
from portal.clusters.models import Cluster
from portal.folders.models import Folder
from portal.jobs.models import Job

BOUNDED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
# A body may have the right form and still name what is not there. Where the cloud is asked, which is down in these
# tests, 503 is the right answer, and described; any other 5xx is not, and found as such.
NOT_ASKED = [positive_data_acceptance, not_a_server_error]


def described(**config: Any) -> Any:
    text = {**document(), "servers": [{"url": "http://portal.test:8000"}]}
    schema = schemathesis.openapi.from_dict(text, config=schemathesis.Config.from_dict(config))
    schema.app = get_wsgi_application()
    return schema


api = described()
# The borders of each field are walked along once, by who gets furthest.
random_only = described(phases={"coverage": {"enabled": False}})


@pytest.fixture(autouse=True)
def campus_at_work(ready: Cluster, creating: Cluster, job: Job, folder: Folder) -> Iterator[None]:
    """All is one transaction of the test's, which a request's end must not close (so does Django's own test client)."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def as_alice(alice: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_for_log_in(alice).secret}"}


@pytest.fixture
def as_dora(dora: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_for_log_in(dora).secret}"}


@random_only.parametrize()
@BOUNDED
def test_a_student_gets_the_answers_that_are_described(case: Any, as_alice: dict[str, str]) -> None:
    case.call_and_validate(headers=as_alice, excluded_checks=NOT_ASKED)


@api.parametrize()
@BOUNDED
def test_an_administrator_gets_the_answers_that_are_described(case: Any, as_dora: dict[str, str]) -> None:
    case.call_and_validate(headers=as_dora, excluded_checks=NOT_ASKED)


def test_what_is_done_with_what_was_made_gets_the_answers_that_are_described(as_alice: dict[str, str]) -> None:
    class Workflow(api.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": as_alice}

        def validate_response(self, response: Any, case: Any, **given: Any) -> None:
            case.validate_response(response, excluded_checks=NOT_ASKED, **given)

    run_state_machine_as_test(Workflow, settings=settings(BOUNDED, max_examples=8, stateful_step_count=6))  # type: ignore[no-untyped-call]
