"""What other systems call our records: noted and looked up for many at once."""

from collections.abc import Iterable, Sequence

from django.db import connection
from psycopg import sql

from tandem.kernel.actions import current_change_set
from tandem.records.models import ExternalId


def link_external_ids(kind: str, source: str, pairs: Iterable[tuple[str, int]]) -> None:
    """Note (value, record id) pairs in the running action; a value that was noted points anew."""
    current_change_set()
    ExternalId.objects.bulk_create(
        [
            ExternalId(kind=kind, source=source, value=value, record_id=record_id)
            for value, record_id in pairs
        ],
        update_conflicts=True,
        unique_fields=["source", "kind", "value"],
        update_fields=["record_id"],
    )


def unlink_external_ids(kind: str, record_ids: Sequence[int]) -> None:
    """Forget what other systems call these records, in the running action."""
    current_change_set()
    ExternalId.objects.filter(kind=kind, record_id__in=record_ids).delete()


def link_staged_ids(kind: str, source: str, *, table: str) -> None:
    """Note the pairs of a temporary table (``value``, ``record_id``); as ``link_external_ids``.

    Two statements; what the second adds, nobody may add at the same moment.
    """
    current_change_set()
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "UPDATE records_externalid x SET record_id = p.record_id FROM {} p"
                " WHERE x.source = %s AND x.kind = %s AND x.value = p.value"
                " AND x.record_id <> p.record_id"
            ).format(sql.Identifier(table)),
            [source, kind],
        )
        cursor.execute(
            sql.SQL(
                "INSERT INTO records_externalid (source, kind, value, record_id, created_in_id)"
                " SELECT %s, %s, value, record_id, (SELECT tandem_change_set()) FROM {} p"
                " WHERE NOT EXISTS (SELECT FROM records_externalid x"
                "  WHERE x.source = %s AND x.kind = %s AND x.value = p.value)"
            ).format(sql.Identifier(table)),
            [source, kind, source, kind],
        )
