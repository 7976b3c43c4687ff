"""What there is to choose among for a cluster or a folder: the forms show it, and the API tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from billing import prices
from cloudinit import frameworks
from cloudinit.frameworks.manifest import Manifest
from heat_templates.runtimes import RUNTIMES
from portal.cloud.models import Flavor, Image, ShareType


@dataclass(frozen=True)
class Choices:
    """`hourly` is the price of one node of each flavor, `monthly` of a GB on each share type, in credits. `lacks` says
    of fields of a request why the site's machines cannot do what these ask for."""

    manifests: Sequence[Manifest]
    flavors: Sequence[Flavor]
    images: Sequence[Image]
    share_types: Sequence[ShareType]
    hourly: Mapping[str, Decimal]
    monthly: Mapping[str, Decimal]
    lacks: Mapping[str, str]


def choices() -> Choices:
    flavors, share_types, now = list(Flavor.objects.all()), list(ShareType.objects.all()), timezone.now()
    card, storage = prices.card({flavor.name for flavor in flavors}, now), prices.storage(now)
    return Choices(
        manifests_offered(),
        flavors,
        list(images_offered()),
        share_types,
        {flavor.name: card.hourly([(flavor.name, flavor.gpus)], now) for flavor in flavors},
        {each.name: prices.exact(storage.get(each.name, Decimal())) for each in share_types},
        RUNTIMES[settings.RUNTIME].lacks,
    )


def manifests_offered() -> list[Manifest]:
    return [frameworks.manifest(name) for name in frameworks.names()]


def images_offered() -> QuerySet[Image]:
    """Those of what the site's machines are."""
    return Image.objects.filter(container=RUNTIMES[settings.RUNTIME].of_containers).order_by("name")
