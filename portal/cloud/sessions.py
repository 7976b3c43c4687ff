"""Sessions with Keystone, and how its failures are called here."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from heatclient import exc as heat
from keystoneauth1 import exceptions as keystone
from keystoneauth1 import session
from keystoneauth1.identity import v3

# A service user's 401 is the cloud's trouble as well: a token that ended in mid-flight, or Keystone in disorder.
TEMPORARY = (401, 408, 429)
TIMEOUT = 30  # seconds for one request; a stack's own work goes on without us


class CloudUnavailable(Exception):
    """The cloud did not answer, or not as a healthy one does. It may be asked again later."""


class CloudRefused(Exception):
    """The cloud answered no, and will again: the message is its reason."""


def make(auth: v3.Password) -> session.Session:
    cloud = settings.CLOUD
    return session.Session(auth, verify=cloud.verify, cert=cloud.client_certificate, timeout=TIMEOUT)


@functools.lru_cache(maxsize=1000)
def for_project(project_id: str) -> session.Session:
    """The service user's session in a project. It renews its token by itself, also in the middle of a long life."""
    cloud = settings.CLOUD
    return make(
        v3.Password(
            auth_url=cloud.auth_url,
            username=cloud.username,
            password=cloud.password,
            project_id=project_id,
            **cloud.user_domain,
        )
    )


@contextmanager
def named_failures() -> Iterator[None]:
    """Turns the clients' many exceptions into CloudUnavailable and CloudRefused; "not found" and "conflict" pass."""
    try:
        yield
    except (heat.HTTPNotFound, heat.HTTPConflict):
        raise
    except heat.CommunicationError as error:
        raise CloudUnavailable(str(error)) from error
    except heat.HTTPException as error:
        raise _named(error, error.code) from error
    except (keystone.ConnectionError, keystone.DiscoveryFailure, keystone.CatalogException) as error:
        raise CloudUnavailable(str(error)) from error
    except keystone.HttpError as error:
        raise _named(error, error.http_status) from error
    except keystone.ClientException as error:
        raise CloudRefused(str(error)) from error


def _named(error: Exception, status: int) -> CloudUnavailable | CloudRefused:
    return (CloudUnavailable if status >= 500 or status in TEMPORARY else CloudRefused)(str(error))
