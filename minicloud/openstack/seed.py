"""seed: who and what there is in Keystone. Idempotent; Keystone must answer."""
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from keystoneauth1 import exceptions, session
from keystoneauth1.identity import v3
from keystoneclient.v3 import client

from minicloud import catalogue
from minicloud.addresses import BlockFile
from minicloud.errors import MinicloudError
from minicloud.files import write_json
from minicloud.openstack.configuration import COURSE_ROLES
from minicloud.settings import ADMIN_USER, PROVISIONER_ROLE, PROVISIONER_USER, REGION, SERVICE_USER, Settings

DOMAIN = "default"


def seed(settings: Settings) -> None:
    """Make domains, projects, users, roles and endpoints, then write cloud.json.

    Raises:
        MinicloudError: Keystone does not answer, or does not know its administrator.
    """
    administrator = session.Session(
        v3.Password(
            auth_url=settings.auth_url,
            username=ADMIN_USER,
            password=settings.admin_password,
            project_name="admin",
            user_domain_id=DOMAIN,
            project_domain_id=DOMAIN,
        )
    )
    keystone = client.Client(session=administrator, endpoint_override=settings.auth_url)
    try:
        projects = _seed(settings, keystone)
    except exceptions.ConnectFailure as error:
        raise MinicloudError(f"Keystone does not answer at {settings.auth_url}: {error}; start it first") from None
    except exceptions.Unauthorized:
        raise MinicloudError("Keystone refuses its administrator's password; run `prepare` again") from None
    _write_cloud(settings, projects)


def _seed(settings: Settings, keystone: Any) -> dict[str, str]:
    names = ("admin", "member", "service", "heat_stack_owner", "heat_stack_user", PROVISIONER_ROLE)
    roles = {name: _one(keystone.roles, name, partial(keystone.roles.create, name)) for name in names}
    _services(settings, keystone, roles)
    # A person holds no role anywhere: a log-in only says who somebody is.
    for name, password in settings.users.items():
        _user(settings, keystone, name, password)
    slipway = _user(settings, keystone, SERVICE_USER, settings.service_password)
    provisioner = _user(settings, keystone, PROVISIONER_USER, settings.provisioner_password)
    keystone.roles.grant(roles[PROVISIONER_ROLE], user=provisioner, domain=DOMAIN)
    projects = {}
    for course in settings.courses:
        project = _project(keystone, f"course-{course}")
        projects[course] = project.id
        for role in COURSE_ROLES:
            keystone.roles.grant(roles[role], user=slipway, project=project)
    return projects


def _services(settings: Settings, keystone: Any, roles: dict[str, Any]) -> None:
    """The services' own users, the domain for the users of Heat's stacks, and where the services are."""
    service = _project(keystone, "service")
    for name, password in (("heat", settings.heat_password), ("manila", settings.manila_password)):
        user = _user(settings, keystone, name, password)
        for role in ("admin", "service"):
            keystone.roles.grant(roles[role], user=user, project=service)
    domain = _one(keystone.domains, "heat", lambda: keystone.domains.create("heat"))
    name, password = "heat_domain_admin", settings.heat_domain_admin_password
    administrator = _user(settings, keystone, name, password, domain=domain.id)
    keystone.roles.grant(roles["admin"], user=administrator, domain=domain)
    _endpoints(keystone, "keystone", "identity", settings.auth_url)
    _endpoints(keystone, "heat", "orchestration", f"{settings.heat_url}/%(project_id)s")
    _endpoints(keystone, "manila", "sharev2", settings.manila_url)


def _one(manager: Any, name: str, create: Callable[[], Any], **where: str) -> Any:
    found = manager.list(name=name, **where)
    return found[0] if found else create()


def _project(keystone: Any, name: str) -> Any:
    return _one(keystone.projects, name, lambda: keystone.projects.create(name, DOMAIN), domain=DOMAIN)


def _user(settings: Settings, keystone: Any, name: str, password: str, domain: str = DOMAIN) -> Any:
    found = keystone.users.list(name=name, domain=domain)
    if not found:
        return keystone.users.create(name, domain=domain, password=password)
    # Only where it differs: a new password, even the same one, ends all tokens of the user.
    if not _has_password(settings, name, password, domain):
        keystone.users.update(found[0], password=password)
    return found[0]


def _has_password(settings: Settings, name: str, password: str, domain: str) -> bool:
    try:
        login = v3.Password(
            auth_url=settings.auth_url, username=name, password=password, user_domain_id=domain, unscoped=True
        )
        session.Session(login).get_token()
    except exceptions.Unauthorized:
        return False
    return True


def _endpoints(keystone: Any, name: str, kind: str, url: str) -> None:
    found = keystone.services.list(type=kind)
    service = found[0] if found else keystone.services.create(name, type=kind)
    present = {endpoint.interface: endpoint for endpoint in keystone.endpoints.list(service=service)}
    for interface in ("public", "internal", "admin"):
        endpoint = present.get(interface)
        if endpoint is None:
            keystone.endpoints.create(service, url, interface=interface, region=REGION)
        elif endpoint.url != url:
            keystone.endpoints.update(endpoint, url=url)


def _write_cloud(settings: Settings, projects: dict[str, str]) -> None:
    block = BlockFile(settings.home).read()
    if block is None:
        raise MinicloudError("this home has no block of addresses; run `prepare` first")
    cloud = {
        "auth_url": settings.auth_url,
        "region": REGION,
        "username": SERVICE_USER,
        "password": settings.service_password,
        "user_domain": "Default",
        "provisioner": {"username": PROVISIONER_USER, "password": settings.provisioner_password},
        "projects": projects,
        "network": catalogue.NETWORK,
        "gateway_address": block.gateway,
        "flavors": catalogue.flavors(),
        # As a container is to Nova with its driver nova-docker: a server, whose image is Docker's.
        "runtime": "nova-docker" if settings.containers else "nova",
        "images": catalogue.images(settings.bundle_version, container=settings.containers is not None),
        # Without any the portal offers no folders.
        "share_types": catalogue.share_types() if settings.mounts_shares else [],
    }
    write_json(settings.cloud_file, cloud)
