"""People and the tokens of their programs. Passwords stay with Keystone."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=username)


class User(AbstractBaseUser):
    """A person known to Keystone. `keystone_id` is empty until the first log-in: rosters name people before."""

    password: ClassVar[Any] = None  # type: ignore[misc]
    username = models.CharField(max_length=255, unique=True)
    keystone_id = models.CharField(max_length=64, unique=True, null=True)
    is_administrator = models.BooleanField(default=False)
    is_active = True

    USERNAME_FIELD = "username"
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.username

    def get_session_auth_hash(self) -> str:
        """Sessions end where an account was made anew in Keystone under the same name."""
        return salted_hmac("slipway.session", self.keystone_id or "", algorithm="sha256").hexdigest()


class ApiToken(models.Model):
    """A program's token; only its SHA-256 is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
