"""How often one token, or one address without a token, may ask. For fairness: what protects is elsewhere."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import Any

from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.base import BaseCache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from portal.accounts.models import ApiToken

log = logging.getLogger(__name__)
RETRY = 10  # seconds for which a Redis that is away is not asked again


@cache
def _store(_location: str) -> BaseCache:
    """One for the process: Django's own proxy makes one, with connections of its own, for each request under ASGI."""
    return caches.create_connection(DEFAULT_CACHE_ALIAS)


class EachToken(SimpleRateThrottle):
    """Counts in Redis. Where that is away, nobody is held up; where it was emptied, all begin anew."""

    scope = "each"
    _away_until = 0.0

    @property
    def cache(self) -> BaseCache:  # type: ignore[override]
        return _store(str(settings.CACHES[DEFAULT_CACHE_ALIAS]["LOCATION"]))

    def get_cache_key(self, request: Request, view: Any) -> str:
        ident = request.auth.pk if isinstance(request.auth, ApiToken) else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}

    def allow_request(self, request: Request, view: Any) -> bool:
        if time.monotonic() < EachToken._away_until:
            return True
        try:
            return bool(super().allow_request(request, view))
        except RedisError as error:
            log.warning("Requests are not counted for %s s, as Redis does not answer: %s", RETRY, error)
            EachToken._away_until = time.monotonic() + RETRY
            return True
