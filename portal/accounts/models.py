"""People, the service accounts of other systems, and the tokens of their programs. Passwords stay with Keystone."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.crypto import salted_hmac

from portal.accounts.scopes import Scope

ADDRESS_LIMIT = 254  # characters, as RFC 5321 allows


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=username)


class User(AbstractBaseUser):
    """A person known to Keystone. `keystone_id` is empty until the first log-in: rosters name people before.

    Or a service account, of which Keystone knows nothing: it never logs in and has tokens only.
    """

    password: ClassVar[Any] = None  # type: ignore[misc]
    username = models.CharField(max_length=255, unique=True)
    keystone_id = models.CharField(max_length=64, unique=True, null=True)
    is_administrator = models.BooleanField(default=False)
    may_make_courses = models.BooleanField(default=False)
    # Of a service account: what its tokens may be used for. Of a person: null.
    service_scopes = ArrayField(models.CharField(max_length=20, choices=Scope), null=True)
    email = models.EmailField(
        max_length=ADDRESS_LIMIT, blank=True, help_text="as Keystone says; where it says none, as the person says"
    )
    wants_letters = models.BooleanField(default=True, help_text="by e-mail, of what is about to end")
    is_active = True

    USERNAME_FIELD = "username"
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.username

    @property
    def is_service(self) -> bool:
        return self.service_scopes is not None

    @property
    def scopes(self) -> list[str]:
        """What tokens of this account may be used for."""
        if self.service_scopes is not None:
            return self.service_scopes
        return [scope.value for scope in Scope if scope != Scope.ADMIN or self.is_administrator]

    def get_session_auth_hash(self) -> str:
        """Sessions end where an account was made anew in Keystone under the same name."""
        return salted_hmac("slipway.session", self.keystone_id or "", algorithm="sha256").hexdigest()


class ApiToken(models.Model):
    """A program's token; only its SHA-256 is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    by_password = models.BooleanField(help_text="of a log-in; others make no further tokens")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, help_text="to the minute")

    class Meta:
        ordering: ClassVar = ["-created_at", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def present_scopes(self) -> list[str]:
        """What it may be used for now: somebody may have been an administrator when it was made."""
        return [scope for scope in self.scopes if scope in self.user.scopes]
