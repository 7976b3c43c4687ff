"""The portal, and beside it a view that does as little as one can: what bench.api compares with."""

from __future__ import annotations

from uuid import UUID

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.urls import include, path  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from portal.courses.models import Course  # noqa: E402


class Bare(APIView):
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def get(self, request: Request, course_id: UUID) -> Response:
        course = Course.objects.get(pk=course_id)
        return Response({"id": course.pk, "name": course.name, "title": course.title})


urlpatterns = [path("bare/<uuid:course_id>", Bare.as_view()), path("", include("portal.urls"))]
settings.ROOT_URLCONF = __name__

from portal.asgi import application  # noqa: E402, F401
