"""Addresses that are none."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.refusals import NotFound


@extend_schema(exclude=True)
class Unknown(APIView):
    """Whatever else is asked for below /api/v1."""

    scope = Scope.READ
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("address in the API")
