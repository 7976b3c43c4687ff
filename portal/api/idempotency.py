"""Idempotency-Key: a request that is sent again, because its answer was lost, is answered again and done once.

The answer is kept in one transaction with what it tells of, so there is never one without the other. A request that was
refused made nothing: it is decided anew, with the same key too. Keys are each person's own, whichever token is shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.models import User
from portal.api.models import KeptAnswer
from portal.locks import try_transaction_lock
from portal.refusals import Conflict, Invalid

KEY_LIMIT = 255  # characters
KEPT_FOR = timedelta(hours=24)
REPLAYED = "Idempotent-Replayed"  # the header by which an answer that was given before is known


class KeyReused(Invalid):
    code = "idempotency-key-reused"
    title = "This key was used for something else"


class InFlight(Conflict):
    code = "request-in-flight"
    title = "The same request is being worked on"
    retry_after = 1


class ToldOnce(Conflict):
    code = "told-once"
    title = "This was done before, and its answer is not told twice"


def once(request: Request, act: Callable[[], Response]) -> HttpResponseBase:
    """What `act` answers, or answered before to the same request. Raises KeyReused, InFlight, ToldOnce."""
    user, key, digest = cast(User, request.user), _key_of(request), _digest(request)
    with transaction.atomic():
        if not try_transaction_lock(f"idempotency {user.pk} {key}"):
            raise InFlight("A request with this Idempotency-Key is being worked on.", "Send it again in a second.")
        kept = KeptAnswer.objects.filter(user=user, key=key, created_at__gt=timezone.now() - KEPT_FOR).first()
        if kept is None:
            answer = act()
            if answer.status_code < 400:
                _keep(user, key, digest, answer)
            return answer
    if kept.digest != digest:
        raise KeyReused("The Idempotency-Key stands for another request.", "Send a new key with a new request.")
    return _again(kept)


def forget() -> None:
    """Removes the answers whose time is over."""
    KeptAnswer.objects.filter(created_at__lte=timezone.now() - KEPT_FOR).delete()


def _key_of(request: Request) -> str:
    key = request.headers["Idempotency-Key"]
    if not 1 <= len(key) <= KEY_LIMIT:
        raise Invalid.of({"Idempotency-Key": f"must have from 1 to {KEY_LIMIT} characters"})
    return key


def _digest(request: Request) -> str:
    """Of the address and of all that was sent. A form is taken apart: its boundary is another each time."""
    fields: Any = request.data
    if request.FILES:
        files = request.FILES.lists()
        fields = {
            "fields": dict(request.POST.lists()),
            "files": {name: [_fingerprint(file) for file in given] for name, given in files},
        }
    text = json.dumps([request.method, request.get_full_path(), fields], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _fingerprint(file: UploadedFile[bytes]) -> tuple[str | None, str]:
    digest = hashlib.sha256()
    for piece in file.chunks():
        digest.update(piece)
    file.seek(0)
    return file.name, digest.hexdigest()


def _keep(user: User, key: str, digest: str, answer: Response) -> None:
    secret = "no-store" in answer.headers.get("Cache-Control", "")
    body = None if secret else JSONRenderer().render(answer.data).decode()
    headers = {name: answer.headers[name] for name in ("Location",) if name in answer.headers}
    now = {"digest": digest, "status": answer.status_code, "headers": headers, "body": body}
    # One whose time is over may still be there.
    KeptAnswer.objects.update_or_create(user=user, key=key, defaults={**now, "created_at": timezone.now()})


def _again(kept: KeptAnswer) -> HttpResponse:
    if kept.body is None:
        raise ToldOnce(
            "It was done, and what it answered is a secret that is told once only.",
            "If the answer was lost, take back what was made, and ask for it with a new key.",
        )
    headers = {**kept.headers, REPLAYED: "true"}
    return HttpResponse(kept.body, status=kept.status, headers=headers, content_type="application/json")
