"""The same two tables as flights.py, by pandas on one machine: the other way to the same answer.

flights_pandas.py FILE
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

ROUTES = 10


def tables(csv_path: str | Path) -> dict[str, pd.DataFrame]:
    """{"carriers": ..., "routes": ...} of a CSV file (plain, .gz or .zip), columns and order as in flights.py.

    Missing values ("NA") do not count in a mean, in pandas as in Spark. The delays are whole minutes, so both add
    them up without rounding and divide once.
    """
    flights = pd.read_csv(csv_path, usecols=["carrier", "origin", "dest", "dep_time", "dep_delay", "arr_delay"])
    carriers = flights.groupby("carrier", as_index=False).agg(
        flights=("carrier", "size"),
        cancelled_share=("dep_time", lambda times: times.isna().mean()),
        mean_dep_delay=("dep_delay", "mean"),
        mean_arr_delay=("arr_delay", "mean"),
    )
    routes = flights.groupby(["origin", "dest"], as_index=False).agg(
        flights=("carrier", "size"), mean_arr_delay=("arr_delay", "mean")
    )
    return {
        "carriers": carriers.sort_values(["flights", "carrier"], ascending=[False, True], ignore_index=True),
        "routes": routes.sort_values(
            ["flights", "origin", "dest"], ascending=[False, True, True], ignore_index=True
        ).head(ROUTES),
    }


if __name__ == "__main__":
    for title, table in tables(sys.argv[1]).items():
        print(f"{title}\n{table.to_string(index=False)}\n")
