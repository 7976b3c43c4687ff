"""What lists can be narrowed to. A name that is unknown is refused: a misspelt one must not give the whole list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from django_filters.rest_framework.backends import DjangoFilterBackend
from rest_framework.views import APIView

from billing.models import Notice, Rate
from portal.classes.models import ClassAction, Kind
from portal.clusters.models import Cluster, ClusterEvent, EventState, Status
from portal.folders.models import Folder
from portal.folders.models import Status as FolderStatus
from portal.jobs.models import Job, JobStatus
from portal.letters.models import Letter, State
from portal.refusals import Invalid
from portal.trail.models import Entry


class KnownFilters(DjangoFilterBackend):
    def filter_queryset(self, request: Any, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        found = self.get_filterset_class(view, queryset)
        known = {*(found.base_filters if found else ()), *view.paginator.parameters}  # type: ignore[attr-defined]
        wrong = {name: "must not be empty" for name, value in request.query_params.items() if not value}
        unknown = sorted(set(request.query_params) - known)
        wrong |= {name: f"unknown; known are {', '.join(sorted(known))}" for name in unknown}
        if wrong:
            raise Invalid.of(wrong)
        if not request.query_params:
            return queryset
        return super().filter_queryset(request, queryset, view)


class Since(filters.IsoDateTimeFilter):
    """In UTC: there are offsets from it that PostgreSQL does not know."""

    def filter(self, queryset: QuerySet[Any], value: datetime | None) -> QuerySet[Any]:
        try:
            moment = value.astimezone(UTC) if value else None
        except OverflowError as error:
            raise Invalid.of({"since": "must lie in the years from 1 to 9999"}) from error
        return super().filter(queryset, moment)


class ClusterFilters(filters.FilterSet):
    status = filters.MultipleChoiceFilter(
        choices=Status.choices, distinct=False, help_text="said several times: any of them"
    )
    name = filters.CharFilter()
    course = filters.UUIDFilter(field_name="course_id")
    owner = filters.CharFilter(field_name="owner__username")
    since = Since(field_name="created_at", lookup_expr="gte")

    class Meta:
        model = Cluster
        fields = ()


class ClusterEventFilters(filters.FilterSet):
    state = filters.ChoiceFilter(choices=EventState.choices)
    node = filters.CharFilter()

    class Meta:
        model = ClusterEvent
        fields = ()


class FolderFilters(filters.FilterSet):
    name = filters.CharFilter()
    status = filters.ChoiceFilter(choices=FolderStatus.choices)
    course = filters.UUIDFilter(field_name="course_id")
    owner = filters.CharFilter(field_name="maker__username")
    since = Since(field_name="created_at", lookup_expr="gte")

    class Meta:
        model = Folder
        fields = ()


class JobFilters(filters.FilterSet):
    status = filters.ChoiceFilter(choices=JobStatus.choices)
    since = Since(field_name="created_at", lookup_expr="gte")

    class Meta:
        model = Job
        fields = ()


class ClassActionFilters(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Kind.choices)

    class Meta:
        model = ClassAction
        fields = ()


class TrailFilters(filters.FilterSet):
    course = filters.CharFilter()
    subject = filters.CharFilter()
    actor = filters.CharFilter()
    since = Since(field_name="at", lookup_expr="gte")

    class Meta:
        model = Entry
        fields = ()


class RateFilters(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Rate.Kind.choices)
    name = filters.CharFilter()

    class Meta:
        model = Rate
        fields = ()


class LetterFilters(filters.FilterSet):
    state = filters.ChoiceFilter(choices=[(each, each.label) for each in (State.WAITING, State.UNDELIVERABLE)])
    to = filters.CharFilter(field_name="to__username")

    class Meta:
        model = Letter
        fields = ()


class NoticeFilters(filters.FilterSet):
    lease = filters.UUIDFilter()

    class Meta:
        model = Notice
        fields = ()
