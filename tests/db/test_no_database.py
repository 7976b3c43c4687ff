"""The database does not answer: the API says so, and that it may be asked again."""

from __future__ import annotations

import json

import pytest
from django.db import InterfaceError, OperationalError

from portal.api.problems import handler


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("the server closed the connection"), InterfaceError("closed")])
def test_it_answers_503(error: Exception) -> None:
    answer = handler(error, {})
    assert answer is not None
    assert answer.status_code == 503
    assert "Try again" in json.dumps(answer.data)
