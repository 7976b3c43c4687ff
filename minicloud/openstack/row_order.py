"""Heat on PostgreSQL: of several rows for one resource name the newest must win.

`resource_get_all_by_stack` has no ORDER BY and lets the last row win. MySQL answers in the order of the primary key;
PostgreSQL in the order of the heap, which every UPDATE changes. While a resource is replaced it has two rows, and a
signal could go to the old one and be lost.
"""
# mypy: disable-error-code="import-untyped,import-not-found"

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session


def install() -> None:
    """Order every plain query for Heat's resources by their ids."""
    from heat.db import models

    def order(state: Any) -> None:
        if not state.is_select or state.is_column_load or state.is_relationship_load:
            return
        statement = state.statement
        described: list[Any] = getattr(statement, "column_descriptions", [])
        # `is`: a comparison of a column would make SQL of it.
        whole_resources = [each["expr"] is models.Resource for each in described] == [True]
        if whole_resources and not statement._order_by_clauses and not statement._distinct:
            state.statement = statement.order_by(models.Resource.id)

    event.listen(Session, "do_orm_execute", order)
