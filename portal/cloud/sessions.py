"""Sessions with Keystone, and how its failures are called here."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from heatclient import exc as heat
from keystoneauth1 import exceptions as keystone
from keystoneauth1 import session
from keystoneauth1.identity import v3
from manilaclient import exceptions as manila

log = logging.getLogger(__name__)

# A service user's 401 is the cloud's trouble as well: a token that ended in mid-flight, or Keystone in disorder. A 404
# that does not pass is a load balancer's: the service is not where it was.
TEMPORARY = (401, 404, 408, 429)
PASSING = (heat.HTTPNotFound, heat.HTTPConflict, manila.NotFound, manila.Conflict)
UNREACHABLE = (
    heat.CommunicationError,
    heat.InvalidEndpoint,  # it looked for a stack, and what answered 200 is not Heat
    keystone.CatalogException,
    keystone.ConnectionError,
    keystone.DiscoveryFailure,
    manila.ConnectionError,
    manila.EndpointException,
)
# What the clients stumble over in a body that is none of OpenStack's: half of an answer, a page of a load balancer.
MALFORMED = (keystone.InvalidResponse, AttributeError, LookupError, TypeError, ValueError)
NOT_OPENSTACK = "an answer is not one of OpenStack's"
TIMEOUT = 30  # seconds for one request; a stack's own work goes on without us


class CloudUnavailable(Exception):
    """The cloud did not answer, or not as a healthy one does. It may be asked again later."""


class CloudRefused(Exception):
    """The cloud answered no, and will again: the message is its reason."""


def make(auth: v3.Password, timeout: float | None = None) -> session.Session:
    cloud = settings.CLOUD
    return session.Session(auth, verify=cloud.verify, cert=cloud.client_certificate, timeout=timeout or TIMEOUT)


@functools.lru_cache(maxsize=1000)
def for_project(project_id: str, timeout: float | None = None) -> session.Session:
    """The service user's session in a project. It renews its token by itself, also in the middle of a long life. With a
    `timeout` for whoever cannot wait as long as others."""
    return make(_service_user(project_id=project_id), timeout)


def unscoped() -> session.Session:
    """The service user's session in no project: for what Keystone itself is asked."""
    return make(_service_user(unscoped=True))


def _service_user(**scope: Any) -> v3.Password:
    cloud = settings.CLOUD
    return v3.Password(
        auth_url=cloud.auth_url, username=cloud.username, password=cloud.password, **cloud.user_domain, **scope
    )


@contextmanager
def named_failures() -> Iterator[None]:
    """Turns the clients' many exceptions into CloudUnavailable and CloudRefused; "not found" and "conflict" pass."""
    try:
        yield
    except PASSING:
        raise
    except MALFORMED as error:
        log.warning(NOT_OPENSTACK, exc_info=True)
        raise CloudUnavailable(NOT_OPENSTACK) from error
    except UNREACHABLE as error:
        raise CloudUnavailable(_words(error)) from error
    except (heat.BaseException, keystone.ClientException, manila.ClientException) as error:
        raise _named(error) from error


def _named(error: Exception) -> CloudUnavailable | CloudRefused:
    status = getattr(error, "http_status", None) or getattr(error, "code", None)
    temporary = isinstance(status, int) and (status >= 500 or status in TEMPORARY)
    return (CloudUnavailable if temporary else CloudRefused)(_words(error))


def _words(error: Exception) -> str:
    """heatclient stumbles over its own error where the body is not in Heat's form."""
    try:
        return str(error)
    except MALFORMED:
        return f"{type(error).__name__}: {NOT_OPENSTACK}"
