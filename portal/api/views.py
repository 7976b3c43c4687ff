"""/api/v1."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.urls import reverse
from rest_framework import generics, status
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import services as accounts
from portal.accounts.models import User
from portal.api import serializers
from portal.api.pagination import ByName
from portal.clusters import resizing
from portal.clusters import services as clusters
from portal.courses.services import courses_of
from portal.folders import services as folders
from portal.jobs import files as job_files
from portal.jobs import rules
from portal.jobs import services as jobs
from portal.refusals import Invalid, NotFound, Refusal

KEY_LIMIT = 255


class WrongPassword(Refusal):
    status = 401
    code = "wrong-password"
    title = "Name or password is wrong"


def user_of(request: Request) -> User:
    return cast(User, request.user)


class Tokens(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        credentials = serializers.CredentialsSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        user = accounts.log_in(**credentials.validated_data)
        if user is None:
            raise WrongPassword("The cloud does not know this name with this password.", "Check both and try again.")
        token, expires_at = accounts.issue_token(user)
        return Response({"token": token, "expires_at": expires_at}, status=status.HTTP_201_CREATED)


class Courses(generics.ListAPIView[Any]):
    serializer_class = serializers.CourseSerializer
    pagination_class = ByName

    def get_queryset(self) -> Any:
        return courses_of(user_of(self.request))


class Clusters(generics.ListAPIView[Any]):
    serializer_class = serializers.ClusterSerializer

    def get_queryset(self) -> Any:
        return clusters.visible_to(user_of(self.request))

    def post(self, request: Request) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > KEY_LIMIT:
            raise Invalid.of({"Idempotency-Key": f"may have at most {KEY_LIMIT} characters"})
        body = serializers.WishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = clusters.create(user_of(request), body.wish(), key)
        return _accepted(request, clusters.find(user_of(request), made.pk))


class Cluster(APIView):
    def get(self, request: Request, cluster_id: UUID) -> Response:
        return Response(serializers.ClusterSerializer(clusters.find(user_of(request), cluster_id)).data)

    def delete(self, request: Request, cluster_id: UUID) -> Response:
        clusters.delete(clusters.owned(user_of(request), cluster_id))
        return _accepted(request, clusters.find(user_of(request), cluster_id))


class Folders(generics.ListAPIView[Any]):
    serializer_class = serializers.SeenFolderSerializer

    def get_queryset(self) -> Any:
        return folders.visible_to(user_of(self.request)).exclude(status="deleted")

    def paginate_queryset(self, queryset: Any) -> Any:
        return folders.seen(user_of(self.request), super().paginate_queryset(queryset) or [])

    def post(self, request: Request) -> Response:
        body = serializers.FolderWishSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish = folders.FolderWish(**{**body.validated_data, "course": str(body.validated_data["course"])})
        return _accepted_folder(request, folders.create(user_of(request), wish).pk)


class Folder(APIView):
    def get(self, request: Request, folder_id: UUID) -> Response:
        return Response(serializers.SeenFolderSerializer(folders.find(user_of(request), folder_id)).data)

    def delete(self, request: Request, folder_id: UUID) -> Response:
        folders.delete(user_of(request), folder_id)
        return _accepted_folder(request, folder_id)


class FolderGrowth(APIView):
    def post(self, request: Request, folder_id: UUID) -> Response:
        body = serializers.GrowthSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        folders.grow(user_of(request), folder_id, body.validated_data["size_gb"])
        return _accepted_folder(request, folder_id)


class Resize(APIView):
    def post(self, request: Request, cluster_id: UUID) -> Response:
        cluster = clusters.owned(user_of(request), cluster_id)
        body = serializers.ResizeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        resizing.resize(cluster, **body.validated_data)
        return _accepted(request, clusters.find(user_of(request), cluster_id))


class Repair(APIView):
    def post(self, request: Request, cluster_id: UUID) -> Response:
        cluster = clusters.owned(user_of(request), cluster_id)
        body = serializers.RepairSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        resizing.repair(cluster, body.validated_data["nodes"])
        return _accepted(request, clusters.find(user_of(request), cluster_id))


class ClusterJobs(generics.ListAPIView[Any]):
    serializer_class = serializers.JobSerializer
    parser_classes = (MultiPartParser,)

    def get_queryset(self) -> Any:
        return jobs.visible_jobs(user_of(self.request)).filter(
            cluster=clusters.find(user_of(self.request), self.kwargs["cluster_id"])
        )

    def post(self, request: Request, cluster_id: UUID) -> Response:
        user = user_of(request)
        cluster = clusters.owned(user, cluster_id)
        arguments = rules.parse_arguments(request.POST.get("arguments", ""))
        job = jobs.submit(user, cluster, request.FILES.get("application"), arguments, request.FILES.getlist("files"))
        where = request.build_absolute_uri(reverse("api:job", args=[job.pk]))
        return Response(
            serializers.JobSerializer(job).data, status=status.HTTP_202_ACCEPTED, headers={"Location": where}
        )


class Job(APIView):
    def get(self, request: Request, job_id: UUID) -> Response:
        return Response(serializers.JobSerializer(jobs.find(user_of(request), job_id)).data)


class JobLog(APIView):
    def get(self, request: Request, job_id: UUID) -> HttpResponse:
        return job_files.log_response(jobs.find(user_of(request), job_id))


class JobOutputs(APIView):
    def get(self, request: Request, job_id: UUID) -> Response:
        rows = jobs.find(user_of(request), job_id).outputs.all()
        return Response({"results": serializers.OutputSerializer(rows, many=True).data, "next": None})


class JobOutput(APIView):
    def get(self, request: Request, job_id: UUID, path: str) -> FileResponse:
        return job_files.output_response(jobs.find(user_of(request), job_id), path)


class Unknown(APIView):
    """Whatever else is asked for below /api/v1."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("address in the API")


def _accepted_folder(request: Request, folder_id: UUID) -> Response:
    where = request.build_absolute_uri(reverse("api:folder", args=[folder_id]))
    data = serializers.SeenFolderSerializer(folders.find(user_of(request), folder_id)).data
    return Response(data, status=status.HTTP_202_ACCEPTED, headers={"Location": where})


def _accepted(request: Request, cluster: Any) -> Response:
    where = request.build_absolute_uri(reverse("api:cluster", args=[cluster.pk]))
    data = serializers.ClusterSerializer(cluster).data
    return Response(data, status=status.HTTP_202_ACCEPTED, headers={"Location": where})
