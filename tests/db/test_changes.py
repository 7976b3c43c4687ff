"""What is sent twice is done once; what has changed meanwhile is not changed unseen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from portal.accounts.models import ApiToken, User
from portal.api import urls as api_urls
from portal.api.changes import MARK
from portal.api.models import KeptAnswer
from portal.api.tasks import forget_answers
from portal.clusters import services as clusters
from portal.clusters.models import Cluster, Node
from portal.clusters.wishes import Wish
from portal.courses.models import Course
from portal.folders.models import Folder
from portal.jobs.models import Job
from portal.locks import try_transaction_lock
from tests.db.conftest import body_of, problem

# They tell something or, without a token, make what is a secret: nothing to be repeated.
ONLY_TELL = {"introspect", "price"}
CLUSTERS, JSON = "/api/v1/clusters", "application/json"


def send(client: Client, wish: Wish, key: str = "k", **changes: Any) -> Any:
    body = {**body_of(wish), **changes}
    return client.post(CLUSTERS, body, content_type=JSON, headers={"Idempotency-Key": key})


def changing() -> list[Any]:
    patterns = [pattern for pattern in api_urls.urlpatterns if isinstance(pattern, URLPattern)]
    views = [(pattern.name, getattr(pattern.callback, "view_class", None)) for pattern in patterns]
    return [
        pytest.param(method, id=f"{verb} {name}")
        for name, view in views
        for verb in ("post", "put", "patch", "delete")
        if name not in ONLY_TELL and (method := getattr(view, verb, None))
    ]


@pytest.mark.parametrize("method", changing())
def test_every_method_that_changes_something_heeds_both_headers(method: Any) -> None:
    assert getattr(method, MARK, False)


def test_the_same_request_is_answered_again_and_done_once(
    api: Callable[[User], Client], alice: User, wish: Wish
) -> None:
    first = send(api(alice), wish)
    Cluster.objects.update(status="ready")
    second = send(api(alice), wish)
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.content == first.content
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")
    assert (Cluster.objects.count(), Node.objects.count()) == (1, 3)


def test_the_order_of_the_fields_makes_no_other_request(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    first = send(api(alice), wish)
    headers = {"Idempotency-Key": "k"}
    body = dict(reversed(body_of(wish).items()))
    assert api(alice).post(CLUSTERS, body, content_type=JSON, headers=headers).content == first.content


@pytest.mark.parametrize("changes", [{"workers": 3}, {"spread": True}, {"name": "other"}])
def test_the_same_key_with_another_body_is_refused(
    changes: dict[str, Any], api: Callable[[User], Client], alice: User, wish: Wish
) -> None:
    send(api(alice), wish)
    answer = send(api(alice), wish, **changes)
    assert answer.status_code == 422
    assert problem(answer)["type"].endswith("idempotency-key-reused")
    assert Cluster.objects.count() == 1


def test_the_same_key_at_another_address_is_refused(
    api: Callable[[User], Client], alice: User, wish: Wish, course: Course
) -> None:
    send(api(alice), wish)
    body = {"course": str(course.pk), "name": "data", "size_gb": 1}
    answer = api(alice).post("/api/v1/folders", body, content_type=JSON, headers={"Idempotency-Key": "k"})
    assert problem(answer)["type"].endswith("idempotency-key-reused")


def test_keys_of_different_people_do_not_meet(
    api: Callable[[User], Client], alice: User, ann: User, wish: Wish
) -> None:
    assert send(api(alice), wish).json()["id"] != send(api(ann), wish).json()["id"]


def test_what_was_refused_is_decided_anew(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    clusters.create(alice, wish)
    assert send(api(alice), wish).status_code == 409
    assert not KeptAnswer.objects.exists()
    Cluster.objects.update(status="deleted")
    assert send(api(alice), wish).status_code == 202


def test_what_failed_half_way_left_nothing_and_may_be_sent_again(
    api: Callable[[User], Client], alice: User, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api(alice)
    client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("portal.api.idempotency._keep", lambda *_: 1 / 0)
        assert send(client, wish).status_code == 500
    assert not Cluster.objects.exists()
    assert send(client, wish).status_code == 202


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_is_none_is_refused(key: str, api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    assert "Idempotency-Key" in problem(send(api(alice), wish, key))["errors"]


def test_after_a_day_a_key_is_forgotten(api: Callable[[User], Client], alice: User, wish: Wish) -> None:
    send(api(alice), wish)
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24))
    assert send(api(alice), wish, name="another").status_code == 202
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=23))
    forget_answers()
    assert KeptAnswer.objects.count() == 1
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24))
    forget_answers()
    assert not KeptAnswer.objects.exists()


def test_a_form_with_files_is_known_again(api: Callable[[User], Client], alice: User, ready: Cluster) -> None:
    def submit(content: bytes) -> Any:
        form = {"application": SimpleUploadedFile("a.py", content), "arguments": '["1"]'}
        return api(alice).post(f"{CLUSTERS}/{ready.pk}/jobs", form, headers={"Idempotency-Key": "k"})

    first, second = submit(b"print(1)"), submit(b"print(1)")
    assert (first.status_code, second.content) == (202, first.content)
    assert problem(submit(b"print(2)"))["type"].endswith("idempotency-key-reused")
    assert Job.objects.count() == 1


def test_a_secret_is_kept_nowhere_and_told_once(api: Callable[[User], Client], alice: User) -> None:
    client, wish = api(alice), {"name": "mine", "scopes": ["read"]}
    answers = [
        client.post("/api/v1/auth/tokens", wish, content_type=JSON, headers={"Idempotency-Key": "k"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 409]
    assert problem(answers[1])["type"].endswith("told-once")
    assert KeptAnswer.objects.get().body is None
    assert ApiToken.objects.filter(name="mine").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_request_ten_times_at_once_is_done_once(
    api: Callable[[User], Client], alice: User, wish: Wish
) -> None:
    answers: list[Any] = []
    together, client = threading.Barrier(10), api(alice)

    def ask() -> None:
        try:
            together.wait(10)
            answers.append(send(client, wish))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert Cluster.objects.count() == 1
    made = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    in_flight = [problem(answer)["type"] for answer in answers if answer.status_code != 202]
    assert set(made) == {str(Cluster.objects.get().pk)}
    assert set(in_flight) <= {"urn:slipway:problem:request-in-flight"}
    assert len(made) + len(in_flight) == 10


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_worked_on_the_second_is_told_so(
    api: Callable[[User], Client], alice: User, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, first = threading.Event(), threading.Event(), []
    create = clusters.create

    def slow(*given: Any, **named: Any) -> Cluster:
        begun.set()
        assert go_on.wait(30)
        return create(*given, **named)

    def ask() -> None:
        try:
            first.append(send(api(alice), wish))
        finally:
            connection.close()

    with monkeypatch.context() as held:
        held.setattr(clusters, "create", slow)
        thread = threading.Thread(target=ask)
        thread.start()
        assert begun.wait(30)
        second = send(api(alice), wish)
        go_on.set()
        thread.join(30)
    assert problem(second)["type"].endswith("request-in-flight")
    assert (second.status_code, second.headers["Retry-After"]) == (409, "1")
    assert send(api(alice), wish).content == first[0].content


# If-Match


def test_an_answer_has_an_etag_and_is_not_sent_twice(
    api: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    for path in (CLUSTERS, f"{CLUSTERS}/{ready.pk}", "/api/v1/courses"):
        first = api(alice).get(path)
        again = api(alice).get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    Cluster.objects.update(name="another")
    changed = api(alice).get(CLUSTERS, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("path", "body"), [("{}", None), ("{}/resize", {"workers": 3}), ("{}/repair", {"nodes": ["worker-01"]})]
)
def test_a_cluster_that_changed_meanwhile_stays_as_it_is(
    path: str, body: dict[str, Any] | None, api: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    client, address = api(alice), f"{CLUSTERS}/{ready.pk}"
    seen = client.get(address).headers["ETag"]
    Node.objects.filter(cluster=ready, name="worker-01").update(trouble="it is gone")

    def change(etag: str) -> Any:
        send = client.delete if body is None else client.post
        return send(path.format(address), body, content_type=JSON, headers={"If-Match": etag})  # type: ignore[operator]

    refused = change(seen)
    assert refused.status_code == 412
    assert problem(refused)["type"].endswith("changed-meanwhile")
    ready.refresh_from_db()
    assert (ready.status, ready.generation) == ("ready", 1)
    assert change(f'"other", {client.get(address).headers["ETag"]}').status_code == 202


def test_a_star_and_a_weakened_etag_match_what_is_there(
    api: Callable[[User], Client], alice: User, bob: User, ready: Cluster, folder: Folder
) -> None:
    client, address = api(bob), f"/api/v1/folders/{folder.pk}"
    weak = f"W/{client.get(address).headers['ETag']}"
    grown = client.post(f"{address}/grow", {"size_gb": 6}, content_type=JSON, headers={"If-Match": weak})
    assert grown.status_code == 202
    assert api(alice).delete(f"{CLUSTERS}/{ready.pk}", headers={"If-Match": "*"}).status_code == 202


def test_a_condition_on_what_one_may_not_see_tells_nothing(
    api: Callable[[User], Client], charlie: User, ready: Cluster
) -> None:
    answer = api(charlie).delete(f"{CLUSTERS}/{ready.pk}", headers={"If-Match": "*"})
    assert answer.status_code == 404


def test_where_there_is_nothing_to_compare_a_condition_is_refused(api: Callable[[User], Client], alice: User) -> None:
    token = ApiToken.objects.create(
        user=alice, name="x", digest="x", scopes=["read"], by_password=False, expires_at=timezone.now() + timedelta(1)
    )
    answer = api(alice).delete(f"/api/v1/auth/tokens/{token.pk}", headers={"If-Match": "*"})
    assert "If-Match" in problem(answer)["errors"]


@pytest.mark.parametrize("unquoted", ["", "0a1b"])
def test_a_condition_that_names_no_etag_is_wrong_and_not_unfulfilled(
    unquoted: str, api: Callable[[User], Client], alice: User, ready: Cluster
) -> None:
    answer = api(alice).delete(f"{CLUSTERS}/{ready.pk}", headers={"If-Match": unquoted})
    assert (answer.status_code, list(problem(answer)["errors"])) == (422, ["If-Match"])
    assert Cluster.objects.get(pk=ready.pk).status == "ready"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_the_same_thing_at_once_one_is_told_to_look_again(
    api: Callable[[User], Client], alice: User, wish: Wish
) -> None:
    cluster = clusters.create(alice, wish)
    done = threading.Event()
    held = threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                assert try_transaction_lock(f"if-match {[('cluster_id', cluster.pk)]}")
                held.set()
                assert done.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    answer = api(alice).delete(f"{CLUSTERS}/{cluster.pk}", headers={"If-Match": "*"})
    done.set()
    thread.join(30)
    assert answer.status_code == 412
    assert api(alice).delete(f"{CLUSTERS}/{cluster.pk}", headers={"If-Match": "*"}).status_code == 202
