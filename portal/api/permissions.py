"""What a token may be used for. What its person may do is decided in the services."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from portal.accounts import scopes
from portal.accounts.models import ApiToken
from portal.accounts.scopes import Scope


class InScope(BasePermission):
    """Reading needs the scope `read`; changing something the one that the view names as its `scope`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        token = request.auth
        assert isinstance(token, ApiToken)
        needed = Scope.READ if request.method in SAFE_METHODS else Scope(view.scope)
        scopes.require(needed, token.present_scopes)
        return True
