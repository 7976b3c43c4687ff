"""What there is to choose among."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts.scopes import Scope
from portal.api.serializers.offers import OffersSerializer
from portal.clusters.choices import choices


class Offers(APIView):
    scope = Scope.READ

    @extend_schema(responses=OffersSerializer)
    def get(self, _: Request) -> Response:
        return Response(OffersSerializer(choices()).data)
