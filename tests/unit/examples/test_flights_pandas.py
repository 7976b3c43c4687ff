"""The tables that the example job is checked against."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from examples.flights_pandas import tables

FLIGHTS = """carrier,origin,dest,dep_time,dep_delay,arr_delay
UA,EWR,IAH,517,2,11
UA,EWR,IAH,533,-4,NA
UA,LGA,IAH,NA,NA,NA
AA,JFK,MIA,542,7,30
AA,JFK,MIA,544,8,-31
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "flights.csv.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("flights.csv", FLIGHTS)
    return path


def test_carriers_come_busiest_first_and_missing_values_count_in_no_mean(archive: Path) -> None:
    table = tables(archive)["carriers"]
    assert table.to_dict("records") == [
        {
            "carrier": "UA",
            "flights": 3,
            "cancelled_share": pytest.approx(1 / 3, abs=1e-12),
            "mean_dep_delay": -1.0,
            "mean_arr_delay": 11.0,
        },
        {"carrier": "AA", "flights": 2, "cancelled_share": 0.0, "mean_dep_delay": 7.5, "mean_arr_delay": -0.5},
    ]


def test_routes_that_are_equally_busy_come_by_name(archive: Path) -> None:
    table = tables(archive)["routes"]
    assert table[["origin", "dest", "flights"]].to_numpy().tolist() == [
        ["EWR", "IAH", 2],
        ["JFK", "MIA", 2],
        ["LGA", "IAH", 1],
    ]
