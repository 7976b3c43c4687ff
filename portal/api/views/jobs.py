"""Jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.changes import changes
from portal.api.filters import JobFilters
from portal.api.serializers.jobs import JobSerializer, OutputsSerializer, SubmissionSerializer
from portal.api.views.asking import address_of, user_of
from portal.clusters import services as clusters
from portal.courses.rights import Deed
from portal.jobs import files as job_files
from portal.jobs import rules
from portal.jobs import services as jobs


class ClusterJobs(generics.ListAPIView[Any]):
    scope = Scope.CLUSTERS
    serializer_class = JobSerializer
    filterset_class = JobFilters
    parser_classes = (MultiPartParser,)

    def get_queryset(self) -> Any:
        return jobs.visible_jobs(user_of(self.request)).filter(
            cluster=clusters.find(user_of(self.request), self.kwargs["cluster_id"])
        )

    @extend_schema(request={"multipart/form-data": SubmissionSerializer}, responses={202: JobSerializer})
    @changes
    def post(self, request: Request, cluster_id: UUID) -> Response:
        user = user_of(request)
        cluster = clusters.permitted(user, cluster_id, Deed.USE_CLUSTER)
        arguments = rules.parse_arguments(request.POST.get("arguments", ""))
        job = jobs.submit(user, cluster, request.FILES.get("application"), arguments, request.FILES.getlist("files"))
        where = address_of("job", job.pk)
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED, headers={"Location": where})


class Job(APIView):
    scope = Scope.CLUSTERS

    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        return Response(JobSerializer(jobs.find(user_of(request), job_id)).data)


class JobCancellation(APIView):
    scope = Scope.CLUSTERS
    done_to = Job

    @extend_schema(request=None, responses=JobSerializer)
    @changes
    def post(self, request: Request, job_id: UUID) -> Response:
        return Response(JobSerializer(jobs.cancel(user_of(request), job_id)).data)


class JobLog(APIView):
    scope = Scope.CLUSTERS

    @extend_schema(responses={(200, "text/plain"): str})
    def get(self, request: Request, job_id: UUID) -> HttpResponse:
        return job_files.log_response(jobs.find(user_of(request), job_id))


class JobOutputs(APIView):
    scope = Scope.CLUSTERS

    @extend_schema(operation_id="jobs_outputs_retrieve", responses=OutputsSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        rows = jobs.find(user_of(request), job_id).outputs.all()
        return Response(OutputsSerializer({"results": rows, "next": None}).data)


class JobOutput(APIView):
    scope = Scope.CLUSTERS

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, job_id: UUID, path: str) -> FileResponse:
        return job_files.output_response(jobs.find(user_of(request), job_id), path)
