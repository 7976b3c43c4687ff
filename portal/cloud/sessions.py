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

TIMEOUT = 30  # seconds for one request; a stack's own work goes on without us


class CloudUnavailable(Exception):
    """The cloud did not answer, or not as a healthy one does. It may be asked again later."""


class CloudRefused(Exception):
    """The cloud answered no, and will again: the message is its reason."""


def make(auth: v3.Password) -> session.Session:
    return session.Session(auth, verify=settings.CLOUD["cacert"] or True, timeout=TIMEOUT)


@functools.lru_cache(maxsize=1000)
def for_project(project_id: str) -> session.Session:
    """The service user's session in a project. It renews its token by itself, also in the middle of a long life."""
    cloud = settings.CLOUD
    return make(
        v3.Password(
            auth_url=cloud["auth_url"],
            username=cloud["username"],
            password=cloud["password"],
            user_domain_name=cloud["user_domain"],
            project_id=project_id,
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
        temporary = error.code >= 500 or error.code in (401, 408, 429)
        raise (CloudUnavailable if temporary else CloudRefused)(str(error)) from error
    except (
        keystone.ConnectFailure,
        keystone.HttpServerError,
        keystone.Unauthorized,
        keystone.RetriableConnectionFailure,
    ) as error:
        raise CloudUnavailable(str(error)) from error
    except keystone.ClientException as error:
        raise CloudRefused(str(error)) from error
