"""Tables to which rows are only ever added: PostgreSQL itself refuses UPDATE and DELETE."""

from __future__ import annotations

from django.db.migrations import RunSQL

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only: rows are corrected by new rows, never changed', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
"""


def append_only(table: str) -> RunSQL:
    """For a migration, after the table is made. PostgreSQL answers a change with an IntegrityError."""
    return RunSQL(
        f'{_FUNCTION} CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}" '
        "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
        f'DROP TRIGGER append_only ON "{table}";',
    )
