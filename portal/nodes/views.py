"""/node/v1, as docs/architecture.md states it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import live
from portal.cloud.models import ShareType
from portal.cloud.sessions import CloudRefused, CloudUnavailable
from portal.clusters.credentials import node_of_credential
from portal.clusters.models import Node
from portal.clusters.services import news_of_hosts, record_event, record_health
from portal.folders import grants
from portal.jobs import rules, storage
from portal.jobs import services as jobs
from portal.jobs.files import File
from portal.jobs.models import Job
from portal.nodes.authentication import NodeCredential
from portal.nodes.serializers import EventSerializer, HealthSerializer, ResultSerializer
from portal.refusals import Invalid, NotFound, TooLarge, Unavailable

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
LONGEST_WAIT = 30  # seconds
CHUNK = 1024 * 1024


class NodeView(APIView):
    authentication_classes = (NodeCredential,)
    permission_classes = ()  # without a credential nobody comes this far
    throttle_classes = ()
    parser_classes: Sequence[type[BaseParser]] = ()

    @property
    def node(self) -> Node:
        return cast(Node, self.request.user)

    def job(self, job_id: UUID) -> Job:
        """A job of the node's own cluster, asked for by its master."""
        job = Job.objects.filter(pk=job_id, cluster=self.node.cluster).select_related("cluster").first()
        if job is None or not is_master(self.node):
            raise NotFound("job")
        return job


def is_master(node: Node) -> bool:
    return node.role == node.cluster.manifest.master.name


class Events(NodeView):
    parser_classes = APIView.parser_classes

    def post(self, request: Request) -> Response:
        event = EventSerializer(data=request.data)
        event.is_valid(raise_exception=True)
        said = event.validated_data
        record_event(self.node, said["step"], said["state"], said["seconds"], said["message"], said["log"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class Health(NodeView):
    parser_classes = APIView.parser_classes

    def post(self, request: Request) -> Response:
        if not is_master(self.node):
            raise NotFound("address for a node that is no master")
        said = HealthSerializer(data=request.data)
        said.is_valid(raise_exception=True)
        record_health(self.node.cluster, **said.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MountKey(NodeView):
    """The key of one of the cluster's folders, to its nodes only: it stands in no template, no log, no database."""

    def get(self, request: Request, number: int) -> Response:
        mounts = list(self.node.cluster.mounts.select_related("folder__course"))
        if number >= len(mounts) or mounts[number].folder.protocol != ShareType.Protocol.CEPHFS:
            raise NotFound("mount with a key")
        mount = mounts[number]
        try:
            found = grants.key_of(mount)
        except (CloudRefused, CloudUnavailable) as error:
            log.warning("The key of mount %s cannot be asked for: %s", mount.pk, error)
            found = None
        if found is None:
            raise Unavailable("The storage has not given the key yet.", "Ask again in a few seconds.")
        user, key = found
        return Response({"user": user, "key": key}, headers={"Cache-Control": "no-store"})


async def hosts(request: HttpRequest) -> HttpResponse:
    """Who belongs to the cluster, as soon as that is not what the node goes by already."""
    node = await _asking(request)
    if node is None:
        return _unknown()
    found = await _first(
        live.hosts_topic(node.cluster_id), partial(news_of_hosts, node, request.GET.get("known", "")), _wait(request)
    )
    return JsonResponse(found) if found else HttpResponse(status=status.HTTP_204_NO_CONTENT)


async def commands(request: HttpRequest) -> HttpResponse:
    node = await _asking(request)
    if node is None or not is_master(node):
        return _unknown()
    job = await _first(live.commands_topic(node.cluster_id), partial(jobs.lease_next, node.cluster), _wait(request))
    return JsonResponse({"commands": [_command(job)] if job else []})


async def _asking(request: HttpRequest) -> Node | None:
    _, _, credential = request.headers.get("Authorization", "").partition(" ")
    return await live.ask(node_of_credential, credential)


def _unknown() -> HttpResponse:
    return JsonResponse({"detail": "The node's credential is wrong, or its cluster is gone."}, status=401)


def _wait(request: HttpRequest) -> int:
    """For how many seconds the node would wait for an answer."""
    wait = request.GET.get("wait", "")
    return min(int(wait), LONGEST_WAIT) if wait.isdecimal() and len(wait) < 10 else 0


async def _first(topic: str, ask: Callable[[], Answer | None], seconds: float) -> Answer | None:
    """What `ask` gives as soon as that is something, or None after so many seconds. Holds no thread meanwhile."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    async with live.listener.hears(topic) as something:
        while True:
            answer = await live.ask(ask)
            if answer is not None or loop.time() >= end:
                return answer
            await live.wait(something, end - loop.time())


class Lease(NodeView):
    def post(self, request: Request, command_id: UUID) -> Response:
        wanted = jobs.renew(self.job(command_id))
        return Response(status=status.HTTP_204_NO_CONTENT if wanted else status.HTTP_410_GONE)


class Result(NodeView):
    parser_classes = APIView.parser_classes

    def post(self, request: Request, command_id: UUID) -> Response:
        job = self.job(command_id)
        result = ResultSerializer(data=request.data)
        result.is_valid(raise_exception=True)
        said = result.validated_data
        jobs.finish(job, said["exit_code"], said["reason"], [(file["path"], file["size"]) for file in said["output"]])
        return Response(status=status.HTTP_204_NO_CONTENT)


class Application(NodeView):
    def get(self, request: Request, job_id: UUID) -> File:
        return File(storage.application(self.job(job_id).pk).open("rb"), content_type="application/octet-stream")


class InputFile(NodeView):
    def get(self, request: Request, job_id: UUID, number: int) -> File:
        job = self.job(job_id)
        if number >= len(job.files):
            raise NotFound("file")
        return File(storage.input_file(job.pk, number).open("rb"), content_type="application/octet-stream")


class Log(NodeView):
    def post(self, request: Request, job_id: UUID) -> Response:
        job, offset = self.job(job_id), request.query_params.get("offset", "")
        if not offset.isdecimal() or len(offset) > 18:
            raise Invalid.of({"offset": "must be the number of bytes before these"})
        data = cast(Any, request).read(settings.LOG_LIMIT + 1)
        if len(data) > settings.LOG_LIMIT:
            raise TooLarge(f"A part of a log may have {settings.LOG_LIMIT} bytes.", "Send it in smaller parts.")
        try:
            return Response({"size": jobs.append_log(job, int(offset), data)})
        except jobs.LogGap as gap:
            return Response({"size": gap.size}, status=status.HTTP_409_CONFLICT)


class Output(NodeView):
    def put(self, request: Request, job_id: UUID) -> Response:
        job = self.job(job_id)
        path = request.query_params.get("path", "")
        if why := rules.wrong_path(path):
            raise Invalid.of({"path": why})
        jobs.store_output(job, path, iter(lambda: cast(Any, request).read(CHUNK), b""))
        return Response(status=status.HTTP_204_NO_CONTENT)


@require_safe
def software(_: HttpRequest, name: str) -> HttpResponseBase:
    """The bundle's archive, by its sum. Without a credential: it holds no secret, and mirrors serve it as well."""
    found = settings.SOFTWARE
    if found is None or found.file is None or name != found.url.rpartition("/")[2]:
        return HttpResponseNotFound("There is no such archive here.\n", content_type="text/plain")
    return File(found.file.open("rb"), content_type="application/octet-stream")


def _command(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.pk),
        "kind": "run-job",
        "job": {
            "id": str(job.pk),
            "application": job.application,
            "arguments": job.arguments,
            "files": job.files,
            "log_limit": settings.LOG_LIMIT,
            "output_limit": settings.OUTPUT_LIMIT,
        },
    }
