"""The API's description (OpenAPI 3.1): what drf-spectacular finds in the views, and what holds for all of them.

A view says its request and its answer with `extend_schema`. From here come the refusals with their one shape, the
headers, the scopes, and the links from what was made to what can be done with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny
from rest_framework.serializers import BaseSerializer, DecimalField

from heat_templates.schema import request as cluster_request
from portal.accounts.models import User
from portal.accounts.scopes import Scope
from portal.api.changes import MARK
from portal.api.examples import EXAMPLES
from portal.api.idempotency import KEY_LIMIT, REPLAYED
from portal.api.operations import WORDS, Words
from portal.api.serializers.problems import ProblemSerializer
from portal.api.serializers.strict import StrictSerializer

PROBLEM = "application/problem+json"
WITH_BODY = ("POST", "PUT", "PATCH")
# What each refusal means, whatever was asked for; its `type`, `detail` and `next` say the rest.
MEANING = {
    "400": "The request cannot be read.",
    "401": "There is no token, or its time is over; at a log-in: name or password is wrong.",
    "403": "The token has not the scope, or its person not the right.",
    "404": "There is no such thing, or none that the person may know of.",
    "406": "Only JSON is to be had.",
    "409": "Not possible in the present state: a limit, a name that is taken, a request in flight.",
    "412": "It has changed since it was looked at (If-Match).",
    "413": "The body is too large.",
    "415": "The body has a form that this address does not take.",
    "422": "Something that was sent is wrong; `errors` says what, by the names of fields.",
    "429": "Too many requests of this token; Retry-After says when to come back.",
    "503": "Something that the portal needs does not answer, or much is going on; it may a little later.",
}
_LATER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_HOW = {"WWW-Authenticate": {"description": "As RFC 6750 says.", "schema": {"type": "string"}}}
HEADERS = {"401": _HOW, "403": _HOW, "409": _LATER, "429": _LATER, "503": _LATER}


class Generator(SchemaGenerator):
    """Looks at the API alone, and at no rows: what a list shows is known by its serializer."""

    def create_view(self, callback: Any, method: str, request: Any = None) -> Any:
        view = super().create_view(callback, method, request)  # type: ignore[no-untyped-call]
        model = getattr(getattr(getattr(view, "serializer_class", None), "Meta", None), "model", User)
        view.queryset = model.objects.none()  # some model's: addresses say by themselves what is in them
        return view


def of_the_api(endpoints: list[Any]) -> list[Any]:
    """A hook: nodes' addresses are not for people."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/")]


class Described(AutoSchema):
    def get_tags(self) -> list[str]:
        return [type(self.view).__module__.rpartition(".")[2]]

    def get_summary(self) -> str:
        return self._words.summary

    def get_description(self) -> str:  # type: ignore[override]  # as all of drf-spectacular's
        return self._words.text

    @property
    def _words(self) -> Words:
        """A test finds an operation without any; the description of the others does not wait for them."""
        return WORDS.get(self.get_operation_id(), Words(""))

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *self._request_headers(), *self._response_headers()]

    def _request_headers(self) -> Iterator[OpenApiParameter]:
        if self.method == "POST" and self._changes:
            text = "Sent again with the same key within a day, the request is answered as before and done once."
            yield _header("Idempotency-Key", text, type={"type": "string", "minLength": 1, "maxLength": KEY_LIMIT})
        if self._has_precondition:
            yield _header("If-Match", "The ETag of what is to be changed, as GET answered it; else 412.")
        if self.method == "GET":
            yield _header("If-None-Match", "The ETag of an answer that is at hand; where it is still so, 304.")

    def _response_headers(self) -> Iterator[OpenApiParameter]:
        if self.method == "GET":
            yield _header("ETag", "What to send as If-None-Match, or as If-Match.", response=[200, 304])
        else:
            yield _header("Location", "The address of what was made or changed.", response=[201, 202])
        if self.method == "POST" and self._changes:
            yield _header(REPLAYED, "true: this is the answer to an earlier request.", response=[200, 201, 202])

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        if self.method == "GET":
            headers = self._get_response_headers_for_code("304")
            answers["304"] = {"description": "It is still as it was.", "headers": headers}
        self.resolve_serializer(ProblemSerializer, direction)
        answers |= {status: {"$ref": f"#/components/responses/{_name(status)}"} for status in self._refusals()}
        return dict(sorted(answers.items()))

    def _refusals(self) -> set[str]:
        """By their statuses."""
        found = {"406", "429", "503"}
        if not self._is_open:
            found |= {"401", "403"}
        if "{" in self.path or getattr(self.view, "looks_up", False):
            found |= {"404"}
        if self.method in ("GET", "DELETE") and self._narrows:
            found |= {"404", "422"}  # a cursor that is none; a wrong filter
        if self.method in WITH_BODY:
            found |= {"400", "401", "409", "413", "415", "422"}
        if self._changes:
            found |= {"403", "409"}
        if self._has_precondition:
            found |= {"412", "422"}
        return found

    @property
    def _changes(self) -> bool:
        return hasattr(getattr(self.view, self.method.lower()), MARK)

    @property
    def _has_precondition(self) -> bool:
        shown = hasattr(self.view, "done_to") if self.method == "POST" else hasattr(self.view, "get")
        return self._changes and shown

    @property
    def _narrows(self) -> bool:
        own = [given for given in self.get_override_parameters() if getattr(given, "location", "query") == "query"]
        return self._is_list_view() or bool(own)

    @property
    def _is_open(self) -> bool:
        return AllowAny in {type(permission) for permission in self.view.get_permissions()}

    def _map_serializer_field(self, field: Any, direction: Any, *given: Any, **more: Any) -> Any:
        """An amount is told as text, which no program rounds, and may be sent as a number too."""
        schema: dict[str, Any] = super()._map_serializer_field(field, direction, *given, **more)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(field, DecimalField):
            said = schema["type"]
            return {**schema, "type": [*([said] if isinstance(said, str) else said), "number"]}
        return schema

    def _postprocess_serializer_schema(self, schema: Any, serializer: Any, direction: Any) -> Any:
        """What is misspelt is refused, so it does not fit."""
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)  # type: ignore[no-untyped-call]
        return {**schema, "additionalProperties": False} if isinstance(serializer, StrictSerializer) else schema


def _header(name: str, text: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, location=OpenApiParameter.HEADER, description=text, **{"type": str, **more})


class Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "portal.api.authentication.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        scopes = ", ".join(f"`{scope.value}` ({scope.label})" for scope in Scope)
        text = f"A token of POST /api/v1/auth/tokens. Its scopes say what it may be used for: {scopes}."
        return {"type": "http", "scheme": "bearer", "description": text}

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[str]]:
        reads = auto_schema.method in ("GET", "HEAD")
        return {self.name: [(Scope.READ if reads else Scope(cast("Any", auto_schema.view).scope)).value]}


class WishExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """What may be in the fields of a cluster, the ClusterSpec says."""

    target_class = "portal.api.serializers.clusters.WishSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        serializer: BaseSerializer[Any] = self.target
        schema: dict[str, Any] = auto_schema._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        properties = {**schema["properties"], **cluster_request()["properties"]}
        return {**schema, "properties": properties, "additionalProperties": False}


def refuse(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook: what refusals look like, once for all."""
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    result["components"]["responses"] = {
        _name(status): {"description": text, "headers": HEADERS.get(status, {}), "content": content}
        for status, text in MEANING.items()
    }
    return result


def _name(status: str) -> str:
    return HTTPStatus(int(status)).phrase.title().replace(" ", "").replace("-", "")


def show(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook: examples, where there are some."""
    for operations in result["paths"].values():
        for operation in operations.values():
            if example := EXAMPLES.get(operation["operationId"]):
                answer = operation["responses"][example.status]
                for part, shown in ((operation["requestBody"], example.sent), (answer, example.answer)):
                    for content in part["content"].values() if shown is not None else ():
                        content["example"] = shown
    return result


def link(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook: from the answer that tells the id of something new to all that can be done with it."""
    paths: dict[str, Any] = result["paths"]
    for path, operations in paths.items():
        below = {other: given for other, given in paths.items() if other.startswith(f"{path}/{{")}
        for status in ("201", "202"):
            made = operations.get("post", {}).get("responses", {}).get(status)
            if made and below:
                made["links"] = dict(_links(path, below))
    return result


def _links(path: str, below: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for other, operations in below.items():
        name = other.removeprefix(f"{path}/{{").partition("}")[0]
        if other.count("{") > 1:
            continue
        for operation in operations.values():
            yield (
                operation["operationId"],
                {
                    "operationId": operation["operationId"],
                    "parameters": {name: "$response.body#/id"},
                },
            )


@cache
def document() -> dict[str, Any]:
    """All of it. Made once: nothing in it changes while a process lives."""
    made: dict[str, Any] = Generator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made
