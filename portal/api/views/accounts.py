"""Tokens."""

from __future__ import annotations

from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import services as accounts
from portal.api.serializers.accounts import CredentialsSerializer
from portal.refusals import Refusal


class WrongPassword(Refusal):
    status = 401
    code = "wrong-password"
    title = "Name or password is wrong"


class Tokens(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        credentials = CredentialsSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        user = accounts.log_in(**credentials.validated_data)
        if user is None:
            raise WrongPassword("The cloud does not know this name with this password.", "Check both and try again.")
        token, expires_at = accounts.issue_token(user)
        return Response({"token": token, "expires_at": expires_at}, status=status.HTTP_201_CREATED)
