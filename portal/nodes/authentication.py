"""A node's own credential."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.clusters.credentials import node_of_credential
from portal.clusters.models import Node


class NodeCredential(BaseAuthentication):
    """`Authorization: Bearer <cluster id>.<node>.<mac>`; the request's user is the Node."""

    def authenticate(self, request: Request) -> tuple[Node, None]:
        scheme, _, credential = get_authorization_header(request).decode("latin-1").partition(" ")
        node = node_of_credential(credential) if scheme == "Bearer" else None
        if node is None:
            raise AuthenticationFailed("The node's credential is wrong, or its cluster is gone.")
        return node, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
