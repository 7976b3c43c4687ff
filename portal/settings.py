"""All settings, from the environment. A wrong or missing one stops the start with a message that names it."""

from __future__ import annotations

import ipaddress
import os
import sys
import zoneinfo
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import environs
import psycopg

from billing import outside
from heat_templates.runtimes import NOVA, RUNTIMES
from portal import secret_files, software
from portal.beat import SCHEDULE
from portal.cloud import connection

_secrets, _wrong = secret_files.read(os.environ)
os.environ.update(_secrets)
env = environs.Env(eager=False)
WEB_ADDRESS = environs.validate.URL(schemes={"http", "https"}, require_tld=False)

SECRET_KEY = env.str("SLIPWAY_SECRET_KEY", validate=environs.validate.Length(min=32))
SECRET_KEY_FALLBACKS: list[str] = env.list("SLIPWAY_SECRET_KEY_FALLBACKS", [])
DEBUG = env.bool("SLIPWAY_DEBUG", False)

# A libpq connection string, as it can name a socket's folder and all else that libpq knows.
DATABASE_URL = env.str("SLIPWAY_DATABASE_URL")
REDIS_URL = env.str("SLIPWAY_REDIS_URL", validate=environs.validate.Regexp("(unix|redis|rediss)://"))
# Where they do not stand in those two.
_database_password = env.str("SLIPWAY_DATABASE_PASSWORD", "")
_redis_password = env.str("SLIPWAY_REDIS_PASSWORD", "")

# How browsers reach the portal, and how nodes do.
PUBLIC_URL = (env.str("SLIPWAY_URL", validate=WEB_ADDRESS) or "").rstrip("/")
NODE_URL = (env.str("SLIPWAY_NODE_URL", validate=WEB_ADDRESS) or "").rstrip("/")

# People may live in another domain of Keystone than the service user: an LDAP's, say.
_login_domain = env.str("SLIPWAY_LOGIN_DOMAIN", "")
NETWORK = env.str("SLIPWAY_NETWORK", validate=environs.validate.Length(min=1))
GATEWAY_ADDRESS = env.str("SLIPWAY_GATEWAY_ADDRESS", validate=lambda value: ipaddress.IPv4Address(value))
BUNDLE_VERSION = env.str("SLIPWAY_BUNDLE_VERSION", validate=environs.validate.Length(min=1))

# Where nodes install extra Python packages from ("": each machine's own default), and how long a boot may take.
PACKAGE_INDEX = env.str("SLIPWAY_PACKAGE_INDEX", "", validate=lambda value: value == "" or WEB_ADDRESS(value))
# What the machines of clusters are: docs/runtimes.md.
RUNTIME = env.str("SLIPWAY_RUNTIME", NOVA, validate=environs.validate.OneOf([*RUNTIMES]))
BOOT_TIMEOUT = env.int("SLIPWAY_BOOT_TIMEOUT", 900, validate=environs.validate.Range(min=120, max=3600))

# Where nodes fetch the bundle whose image has none: an archive of `./slipway image --without-bundle`, which the portal
# serves, or a mirror's address of it. Its sum stands beside it (as sha512sum writes it), or in the second variable.
_software = env.str("SLIPWAY_SOFTWARE", ""), env.str("SLIPWAY_SOFTWARE_SHA512", "")

# Bytes of jobs: one folder. Limits are in bytes.
STORAGE = env.path("SLIPWAY_STORAGE")
UPLOAD_LIMIT = env.int("SLIPWAY_UPLOAD_LIMIT", 512 * 1024**2, validate=environs.validate.Range(min=1))
LOG_LIMIT = env.int("SLIPWAY_LOG_LIMIT", 4 * 1024**2, validate=environs.validate.Range(min=4096))
OUTPUT_LIMIT = env.int("SLIPWAY_OUTPUT_LIMIT", 256 * 1024**2, validate=environs.validate.Range(min=1))

# Whose clocks say where a month of a statement begins and ends, and what ten o'clock is.
_zones = zoneinfo.available_timezones()
UNIVERSITY_TIME_ZONE = env.str("SLIPWAY_TIME_ZONE", "UTC", validate=environs.validate.OneOf(_zones))

# How long what costs goes on when the credits are used up.
CREDIT_GRACE = timedelta(hours=env.int("SLIPWAY_CREDIT_GRACE_HOURS", 24, validate=environs.validate.Range(min=0)) or 0)
# How e-mail leaves, such as submission://USER:PASSWORD@HOST:587; without it the pages alone warn.
_mail = env.dj_email_url("SLIPWAY_MAIL_URL", "dummy:")
DEFAULT_FROM_EMAIL = env.str("SLIPWAY_MAIL_FROM", "slipway@localhost")

TOKEN_LIFETIME = timedelta(hours=env.int("SLIPWAY_TOKEN_HOURS", 12, validate=environs.validate.Range(min=1)))
STATIC_ROOT = env.str("SLIPWAY_STATIC_ROOT", "")

# How often one token may ask; without a token, one address.
REQUESTS_EACH_MINUTE = env.int("SLIPWAY_REQUESTS_EACH_MINUTE", 600, validate=environs.validate.Range(min=1))

try:
    env.seal()
except environs.EnvValidationError as error:
    _reasons = cast("dict[str, list[str]]", error.error_messages)
    _wrong |= {name: " ".join(why) for name, why in _reasons.items()}
if _mail and "EMAIL_BACKEND" not in _mail:
    _wrong["SLIPWAY_MAIL_URL"] = "must begin with smtp://, smtps:// or submission://"
try:
    # The service user, who alone acts in the projects of courses.
    CLOUD = connection.read(os.environ)
    # Who makes the projects of new courses; without it an administrator names projects that are there.
    PROVISIONER = connection.read_provisioner(os.environ)
    LOGIN_DOMAIN: Mapping[str, Any] = {"user_domain_name": _login_domain} if _login_domain else CLOUD.user_domain
except connection.WrongConnection as error:
    _wrong |= error.wrong
try:
    # The university's own billing, where it decides what is lent.
    BILLING = outside.read(os.environ)
except outside.WrongSettings as error:
    _wrong |= error.wrong
try:
    if _database_password:
        DATABASE_URL = psycopg.conninfo.make_conninfo(DATABASE_URL, password=_database_password)
    _database = psycopg.conninfo.conninfo_to_dict(DATABASE_URL or "")
except psycopg.ProgrammingError as error:
    _wrong["SLIPWAY_DATABASE_URL"] = f"is not a PostgreSQL connection string: {error}"
try:
    SOFTWARE = software.read(*_software, NODE_URL)
except software.WrongSoftware as error:
    _wrong |= error.wrong
if _wrong:
    _lines = "\n".join(f"  {name}: {why}" for name, why in sorted(_wrong.items()))
    sys.exit(f"The portal's settings are not right. Correct these and start again:\n{_lines}")

REDIS_URL = secret_files.with_password(REDIS_URL, _redis_password)

EMAIL_BACKEND, EMAIL_TIMEOUT = _mail["EMAIL_BACKEND"], 10
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]

ALLOWED_HOSTS = sorted({str(urlsplit(url).hostname) for url in (PUBLIC_URL, NODE_URL)} | {"localhost", "127.0.0.1"})
CSRF_TRUSTED_ORIGINS = [f"{urlsplit(PUBLIC_URL).scheme}://{urlsplit(PUBLIC_URL).netloc}"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "portal.accounts",
    "portal.letters",
    "portal.trail",
    "portal.courses",
    "portal.cloud",
    "portal.folders",
    "portal.clusters",
    "portal.credits",
    "portal.jobs",
    "portal.classes",
    "portal.audit",
    "portal.nodes",
    "portal.api",
    "portal.web",
    "billing",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.web.middleware.RefusalMiddleware",
    "portal.web.middleware.without_nul",
    "portal.trail.middleware.way",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.pop("dbname", "portal"),
        "USER": _database.pop("user", ""),
        "PASSWORD": _database.pop("password", ""),
        "HOST": _database.pop("host", ""),
        "PORT": _database.pop("port", ""),
        "OPTIONS": _database,
        # Of a web process's threads, each of which has one.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.backend.KeystoneBackend"]
CSRF_FAILURE_VIEW = "portal.web.views.session.stale_form"
LOGIN_URL = "log-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "log-in"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https:")
# Cookies do not know ports: another portal on the same host must not end this one's sessions.
SESSION_COOKIE_NAME = f"slipway-session-{urlsplit(PUBLIC_URL).port or 0}"
CSRF_COOKIE_NAME = f"slipway-csrf-{urlsplit(PUBLIC_URL).port or 0}"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "/static/"
STORAGES = {
    "staticfiles": {"BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"},
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": STORAGE}},
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.authentication.BearerToken"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "portal.api.permissions.InScope",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "portal.api.pagination.Newest",
    "DEFAULT_FILTER_BACKENDS": ["portal.api.filters.KnownFilters"],
    "DEFAULT_THROTTLE_CLASSES": ["portal.api.throttling.EachToken"],
    "DEFAULT_THROTTLE_RATES": {"each": f"{REQUESTS_EACH_MINUTE}/min"},
    # The server in front of Django (uvicorn) knows whose address to believe; what else a header says is nothing.
    "NUM_PROXIES": 0,
    "DEFAULT_SCHEMA_CLASS": "portal.api.schema.Described",
    "EXCEPTION_HANDLER": "portal.api.problems.handler",
    "PAGE_SIZE": 20,
    "URL_FORMAT_OVERRIDE": None,  # `format` is a field of some addresses, and not DRF's
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Slipway",
    "DESCRIPTION": "A Spark cluster on OpenStack in three steps: log in, create, ready. This version stays compatible: "
    "what is added to it later breaks no program.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "ClusterStatus": "portal.clusters.models.Status",
        "FolderStatus": "portal.folders.models.Status",
        "JobStatus": "portal.jobs.models.JobStatus",
        "Access": "portal.folders.models.Access",
        "Scope": "portal.accounts.scopes.Scope",
        "ClassActionKind": "portal.classes.models.Kind",
        "RateKind": "billing.models.Rate.Kind",
    },
    "DEFAULT_GENERATOR_CLASS": "portal.api.schema.Generator",
    "PREPROCESSING_HOOKS": ["portal.api.schema.of_the_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.api.schema.show",
        "portal.api.schema.link",
        "portal.api.schema.refuse",
    ],
}

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Whoever asks for a pass waits for no broker that is away (kombu would try for 6 s): passes come all the same.
CELERY_BROKER_TRANSPORT_OPTIONS = {"max_retries": 0}
CELERY_TASK_DEFAULT_QUEUE = "slipway"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BEAT_SCHEDULE = SCHEDULE

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {name: {"level": "WARNING"} for name in ("keystoneauth", "celery", "httpx", "fontTools")},
}
