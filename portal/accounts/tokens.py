"""Tokens for programs, of people and of service accounts: made, used, looked at by other services, revoked."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.accounts.models import ApiToken, User
from portal.accounts.scopes import Scope, in_order
from portal.refusals import Conflict, Invalid, LimitReached, NotFound, Refusal
from portal.text import is_one_line
from portal.trail.services import record

PREFIX = "slipway_"  # by which scanners for secrets find one that was published
TOKENS_EACH = 50  # with a name, at once
DAYS_AT_MOST = 366
LAST_USE = timedelta(minutes=1)  # how exactly it is kept: a write for each request would be a write too much
SERVICE_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?")


class NotForTokens(Refusal):
    status = 403
    code = "log-in-needed"
    title = "Tokens are made after a log-in only"


class NotForYou(Refusal):
    status = 403
    code = "not-yours"
    title = "Only an administrator may do this"


@dataclass(frozen=True)
class Issued:
    """`secret` is what the program sends. It can be read this once only."""

    secret: str
    token: ApiToken


def issue_for_log_in(user: User) -> Issued:
    """For who has just shown a password: with all scopes that the person can have, for some hours."""
    return _issue(user, user, "Log-in", user.scopes, settings.TOKEN_LIFETIME, by_password=True)


def issue(
    actor: User, name: str, scopes: Collection[str], days: int, *, service: str = "", by: ApiToken | None = None
) -> Issued:
    """A token of the actor's own, or of the service account of that name. `by` is the token with which it is asked for.

    Raises Invalid, LimitReached, NotFound, NotForTokens, NotForYou.
    """
    if by is not None and not by.by_password:
        raise NotForTokens(
            "A token that was made cannot make another: who has stolen it could keep it alive for ever.",
            "Log in with your password, or use the page Tokens.",
        )
    holder = _service(actor, service) if service else actor
    _check(holder, name, scopes, days)
    return _issue(actor, holder, name, scopes, timedelta(days=days))


def make_service(actor: User, name: str, scopes: Collection[str]) -> User:
    """A service account. Raises Invalid, Conflict, NotForYou."""
    require_administrator(actor)
    wrong = _wrong_scopes(scopes, Scope.values)
    if not SERVICE_NAME.fullmatch(name):
        wrong["name"] = "must be of at most 60 small letters, digits and inner hyphens"
    if wrong:
        raise Invalid.of(wrong)
    try:
        with transaction.atomic():
            account = User.objects.create(
                username=name, service_scopes=in_order(scopes), is_administrator=Scope.ADMIN in scopes
            )
            record(actor, "service-account.create", name, name=name, after={"scopes": account.service_scopes})
    except IntegrityError as error:
        raise Conflict(f"There is somebody of the name {name!r} already.", "Choose another name.") from error
    return account


def service_accounts(actor: User) -> QuerySet[User]:
    require_administrator(actor)
    return User.objects.exclude(service_scopes=None).order_by("username")


def find_service(actor: User, name: str) -> User:
    """Raises NotFound, NotForYou."""
    named = service_accounts(actor).filter(username=name)
    account = named.first() if SERVICE_NAME.fullmatch(name) else None
    if account is None:
        raise NotFound("service account")
    return account


def require_administrator(actor: User) -> None:
    if not actor.is_administrator:
        raise NotForYou("You are no administrator.", "Ask an administrator.")


def visible_to(actor: User) -> QuerySet[ApiToken]:
    """One's own that have not ended; to an administrator those of service accounts too."""
    seen = Q(user=actor) | Q(user__service_scopes__isnull=False) if actor.is_administrator else Q(user=actor)
    return ApiToken.objects.filter(seen, expires_at__gt=timezone.now()).select_related("user")


def revoke(actor: User, token_id: UUID, *, by: ApiToken | None = None) -> ApiToken:
    """Ends a token at once, and says which it was; one with a name ends no other. Raises NotFound, NotForTokens."""
    if by is not None and not by.by_password and by.pk != token_id:
        raise NotForTokens(
            "A token that was made can only end itself.", "Log in with your password, or use the page Tokens."
        )
    with transaction.atomic():
        token = visible_to(actor).filter(pk=token_id).select_for_update(of=("self",)).first()
        if token is None:
            raise NotFound("token")
        token.delete()
        record(actor, "token.revoke", token_id, name=token.name, before={"of": token.user.username})
    return token


def token_of(secret: str) -> ApiToken | None:
    """The token that somebody shows, where it is one; its use is written down."""
    now = timezone.now()
    token = ApiToken.objects.select_related("user").filter(digest=_digest(secret), expires_at__gt=now).first()
    if token and (token.last_used_at is None or now - token.last_used_at >= LAST_USE):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def introspect(actor: User, secret: str) -> dict[str, Any]:
    """What another service may know of a token that it was shown (RFC 7662). Raises NotForYou."""
    if not (actor.is_service or actor.is_administrator):
        raise NotForYou("Only service accounts and administrators may look at tokens.", "Ask for a service account.")
    token = token_of(secret)
    if token is None:
        return {"active": False}
    return {
        "active": True,
        "scope": " ".join(token.present_scopes),
        "username": token.user.username,
        "sub": token.user.username,
        "client_id": token.name,
        "token_type": "Bearer",
        "iat": int(token.created_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "iss": settings.PUBLIC_URL,
    }


def _service(actor: User, name: str) -> User:
    try:
        return find_service(actor, name)
    except NotFound as error:
        raise Invalid.of({"service_account": "there is no such service account"}) from error


def _check(holder: User, name: str, scopes: Collection[str], days: int) -> None:
    wrong = _wrong_scopes(scopes, holder.scopes)
    if not name.strip() or not is_one_line(name) or len(name) > 60:
        wrong["name"] = "must be one line of at most 60 characters"
    if not 1 <= days <= DAYS_AT_MOST:
        wrong["days"] = f"must be from 1 to {DAYS_AT_MOST}"
    if wrong:
        raise Invalid.of(wrong)
    named = holder.api_tokens.filter(by_password=False, expires_at__gt=timezone.now())
    if named.count() >= TOKENS_EACH:
        raise LimitReached(f"{holder.username} has {TOKENS_EACH} tokens, which is the limit.", "Revoke one first.")


def _wrong_scopes(scopes: Collection[str], possible: Collection[str]) -> dict[str, str]:
    if scopes and set(scopes) <= set(possible):
        return {}
    return {"scopes": f"must be some of {', '.join(possible)}"}


def _issue(
    actor: User, holder: User, name: str, scopes: Collection[str], time: timedelta, *, by_password: bool = False
) -> Issued:
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=holder, name=name, digest=_digest(secret), scopes=in_order(scopes), by_password=by_password,
            expires_at=timezone.now() + time,
        )  # fmt: skip
        after = {"of": holder.username, "scopes": token.scopes, "expires_at": token.expires_at.isoformat()}
        record(actor, "token.issue", token.pk, name=name, after=after)
    return Issued(secret, token)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
