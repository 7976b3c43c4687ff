"""The scenario on a real OpenStack: Keystone, Nova, Neutron, Glance, Heat and Manila."""

from __future__ import annotations

import pytest

from cli.slipway_client import Client
from launcher.testing import Embedded
from tests.onebox.cloud import FLAVOR, Cloud
from tests.scenario import Scenario, Stage, cluster, folder

__all__ = ["cluster", "folder"]


@pytest.fixture(scope="module")
def stage(cloud: Cloud, house: Embedded) -> Stage:
    student = Client(house.url)
    student.log_in("student", cloud.password("student"))
    return Stage(student, FLAVOR, cloud.remains, ready_seconds=600, job_seconds=600)


class TestOnARealOpenStack(Scenario):
    pass
