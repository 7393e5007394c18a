"""Own fields of a company filled from a file, beside what the importer of the kind writes."""

from dataclasses import replace

from django.db import connection
from psycopg import sql

from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.records.facts import CustomFieldsChanged
from tandem.records.rules.custom import PREFIX
from tandem.records.slots import OBJECT_TYPES, Importer, Outcome, Staged, tell_story


def write_own_fields(actor: Actor, importer: Importer, staged: Staged, outcome: Outcome) -> Outcome:
    """Put values of own fields into the records that the rows have become.

    By the policy of the import, as the other fields: where several rows say something of one
    record, the first counts, or the last where the file overwrites. A few statements for any
    number of rows; ``outcome`` with what that adds.
    """
    keys = sorted(key for key in staged.fields if key.startswith(PREFIX))
    found = OBJECT_TYPES.get(importer.record_kind)
    if not keys or found is None:
        return outcome
    does_overwrite = staged.policy in ("overwrite", "update")
    _gather(staged, keys, does_overwrite=does_overwrite)
    table = sql.Identifier(found.model._meta.db_table)
    both = "r.x || v.x" if does_overwrite else "v.x || r.x"
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "WITH written AS ("
                " UPDATE {table} r SET x = {both},"
                "  updated_at ="
                "   CASE WHEN r.created_in_id = {made} THEN r.updated_at ELSE now() END,"
                "  row_version = r.row_version + (r.created_in_id IS DISTINCT FROM {made})::int"
                " FROM import_own v WHERE r.id = v.record_id AND {both} <> r.x"
                " RETURNING r.id, v.line, r.created_in_id IS DISTINCT FROM {made} AS is_known"
                ") SELECT id, line FROM written WHERE is_known ORDER BY id"
            ).format(table=table, both=sql.SQL(both), made=sql.Literal(current_change_set().id))
        )
        changed = cursor.fetchall()
        cursor.execute(
            "UPDATE import_result SET verdict = 'updated', note = ''"
            " WHERE verdict = 'skipped' AND line = ANY (%s)",
            [[line for _pk, line in changed]],
        )
        rows = cursor.rowcount
    if not changed:
        return outcome
    ids = [pk for pk, _line in changed]
    labels = [str(one.label) for one in importer.fields if one.key in keys]
    tell_story(
        actor,
        [RecordRef(importer.record_kind, pk) for pk in ids],
        kind="records.import_changed",
        payload={"file": staged.file, "fields": keys, "labels": labels},
    )
    publish(
        CustomFieldsChanged(
            change_set_id=current_change_set().id,
            kind=importer.record_kind,
            record_ids=tuple(ids),
            keys=tuple(keys),
        )
    )
    return replace(
        outcome,
        updated=outcome.updated + rows,
        skipped=outcome.skipped - rows,
        related={**outcome.related, "own_fields": {"changed": len(ids)}},
    )


def _gather(staged: Staged, keys: list[str], *, does_overwrite: bool) -> None:
    """``import_own``: for each record what the file says of its own fields, and the first row."""
    said = sql.SQL(", ").join(
        sql.SQL("{}, {}.value::jsonb").format(sql.Literal(key), sql.Identifier(f"v_{key}"))
        for key in keys
    )
    joins = sql.SQL(" ").join(
        sql.SQL("LEFT JOIN {} {alias} ON {alias}.raw = r.{}").format(
            sql.Identifier(staged.values[key]),
            sql.Identifier(key),
            alias=sql.Identifier(f"v_{key}"),
        )
        for key in keys
    )
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "CREATE TEMP TABLE import_own ON COMMIT DROP AS"
                " SELECT a.record_id, min(a.line) AS line,"
                "  jsonb_object_agg(e.key, e.value ORDER BY a.line {order}) AS x"
                " FROM import_result a JOIN import_row r ON r.line = a.line {joins}"
                " CROSS JOIN LATERAL jsonb_each(jsonb_strip_nulls(jsonb_build_object({said}))) e"
                " WHERE a.record_id IS NOT NULL AND (a.verdict <> 'skipped' OR {may_change})"
                " GROUP BY a.record_id"
            ).format(
                order=sql.SQL("ASC" if does_overwrite else "DESC"),
                joins=joins,
                said=said,
                may_change=sql.Literal(staged.policy != "create"),
            )
        )
        cursor.execute("ANALYZE import_own")
