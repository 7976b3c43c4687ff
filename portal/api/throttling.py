"""How often one token, or one address without a token, may ask. For fairness: what protects is elsewhere."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from portal.accounts.models import ApiToken

log = logging.getLogger(__name__)
RETRY = 10  # seconds for which a Redis that is away is not asked again
PATIENCE = 0.2  # seconds: what is counted matters little, and nobody waits for a Redis that does not answer


@cache
def _redis(url: str) -> Redis:
    return Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE)


class EachToken(SimpleRateThrottle):
    """Counts in Redis, from somebody's first request on until the time is over: one round trip for each request. Where
    that is away, nobody is held up; where it was emptied, all begin anew."""

    scope = "each"
    cache_format = "slipway-requests-%(ident)s"
    num_requests: int
    duration: int  # seconds
    _away_until = 0.0

    def get_cache_key(self, request: Request, view: Any) -> str:
        ident = request.auth.pk if isinstance(request.auth, ApiToken) else self.get_ident(request)
        return self.cache_format % {"ident": ident}

    def allow_request(self, request: Request, view: Any) -> bool:
        if time.monotonic() < EachToken._away_until:
            return True
        try:
            asked, self.left = self._count(self.get_cache_key(request, view))
        except RedisError as error:
            log.warning("Requests are not counted for %s s, as Redis does not answer: %s", RETRY, error)
            EachToken._away_until = time.monotonic() + RETRY
            return True
        return asked <= self.num_requests

    def wait(self) -> float:
        """Seconds until the count begins anew."""
        return float(self.left)

    def _count(self, key: str) -> tuple[int, int]:
        """How many there were with this one, and the seconds that are left of their time."""
        with _redis(settings.REDIS_URL).pipeline(transaction=False) as steps:
            steps.set(key, 0, ex=self.duration, nx=True)
            steps.incr(key)
            steps.ttl(key)
            _, asked, left = steps.execute()
        return asked, left
