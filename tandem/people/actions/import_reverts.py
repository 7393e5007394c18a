"""An import taken back: what it added goes, what it changed goes back, what people did stays."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import put_back_values
from tandem.people.actions.companies import take_back_companies
from tandem.people.actions.import_rows import count_of, rows_of, run
from tandem.people.actions.keys import derive_people
from tandem.people.actions.lifecycle import take_back_stages
from tandem.people.facts import PeopleChanged, PeopleDeleted
from tandem.records.actions.external import unlink_external_ids
from tandem.records.actions.tagging import forget_unused_tags
from tandem.records.slots import tell_story

_PARTS = ("people_personemail", "people_personphone", "people_employment")
# Of a change set: it has been taken back, or it is what took another back.
_SETTLED = """EXISTS (
    SELECT FROM kernel_changeset u
    WHERE u.undo_of_id = {0} AND NOT EXISTS (
        SELECT FROM kernel_changeset r WHERE r.undo_of_id = u.id)
    UNION ALL
    SELECT FROM kernel_changeset u WHERE u.id = {0} AND u.undo_of_id IS NOT NULL)"""


def revert_people(actor: Actor, change_set_id: int) -> Mapping[str, int]:
    """Take back persons and companies that a change set wrote.

    A person whom somebody has changed, commented on or worked with since stays with all that
    belongs to them, and is counted as kept; what was taken back meanwhile is no change.
    """
    made = {"made": change_set_id}
    run("DROP TABLE IF EXISTS import_gone, import_back")  # of one before, in one transaction
    run(
        f"""
        CREATE TEMP TABLE import_gone ON COMMIT DROP AS
        SELECT p.id FROM people_person p
        WHERE p.created_in_id = %(made)s AND p.deleted_at IS NULL
          AND (p.row_version = 1 OR NOT EXISTS (
            SELECT FROM kernel_recordchange c
            WHERE c.root_kind = 'person' AND c.root_id = p.id AND c.change_set_id <> %(made)s
              AND NOT {_SETTLED.format("c.change_set_id")}))
          AND NOT EXISTS (
            SELECT FROM timeline_entry t
            WHERE t.subject_kind = 'person' AND t.subject_id = p.id
              AND (t.actor_kind = 'user' OR p.row_version <> 1) AND t.change_set_id <> %(made)s
              AND NOT {_SETTLED.format("t.change_set_id")})
          AND NOT EXISTS (
            SELECT FROM records_comment c
            WHERE c.kind = 'person' AND c.record_id = p.id AND c.deleted_at IS NULL)
          AND NOT EXISTS (
            SELECT FROM people_personemail e
            WHERE e.person_id = p.id AND e.created_in_id <> %(made)s)
          AND NOT EXISTS (
            SELECT FROM people_employment e
            WHERE e.person_id = p.id AND e.created_in_id <> %(made)s)
        """,  # noqa: S608  (conditions of ours)
        made,
    )
    run("ANALYZE import_gone")
    kept = count_of(
        "SELECT count(*) FROM people_person p WHERE created_in_id = %(made)s"
        " AND deleted_at IS NULL AND NOT EXISTS (SELECT FROM import_gone g WHERE g.id = p.id)",
        made,
    )
    run(
        "CREATE TEMP TABLE import_back ON COMMIT DROP AS"
        " SELECT DISTINCT c.root_id AS id FROM kernel_recordchange c"
        " JOIN people_person p ON p.id = c.root_id AND p.created_in_id IS DISTINCT FROM %(made)s"
        " WHERE c.change_set_id = %(made)s AND c.root_kind = 'person' AND c.operation = 'update'",
        made,
    )
    put_back_values(change_set_id)
    take_back_stages(change_set_id, _moved(change_set_id), cause=_("Import taken back"))
    _remove_parts(change_set_id)
    run(
        "UPDATE people_person p SET deleted_at = now(), updated_at = now(),"
        " row_version = row_version + 1 FROM import_gone g WHERE g.id = p.id"
    )
    gone = [row[0] for row in rows_of("SELECT id FROM import_gone ORDER BY id")]
    back = [row[0] for row in rows_of("SELECT DISTINCT id FROM import_back ORDER BY id")]
    derive_people(back)
    _tell(actor, gone, back)
    companies = take_back_companies(actor, made_in=change_set_id, keep=())
    unlink_external_ids("company", companies)
    forget_unused_tags(change_set_id)
    return {
        "people": len(gone),
        "changes": len(back),
        "companies": len(companies),
        "kept": kept,
    }


def _moved(change_set_id: int) -> list[int]:
    """Persons who were here before and whom the import brought to a stage."""
    rows = rows_of(
        "SELECT DISTINCT p.id FROM people_lifecycleevent e JOIN people_person p"
        " ON e.subject_kind = 'person' AND p.id = e.subject_id AND p.deleted_at IS NULL"
        " WHERE e.created_in_id = %(made)s AND p.created_in_id IS DISTINCT FROM %(made)s",
        {"made": change_set_id},
    )
    return [row[0] for row in rows]


def _remove_parts(change_set_id: int) -> None:
    """What the import added to persons: deleted with those who go, removed from those who stay."""
    made = {"made": change_set_id}
    for part in _PARTS:
        run(
            f"UPDATE {part} e SET deleted_at = now() FROM import_gone g"  # noqa: S608
            " WHERE e.person_id = g.id AND e.deleted_at IS NULL"
        )
        # Of persons who were here before, as long as nobody has changed the row since.
        run(
            f"""
            WITH removed AS (
                DELETE FROM {part} e USING people_person p
                WHERE e.created_in_id = %(made)s AND p.id = e.person_id
                  AND p.created_in_id <> %(made)s
                  AND NOT EXISTS (
                    SELECT FROM kernel_recordchange c WHERE c.root_kind = 'person'
                    AND c.root_id = p.id AND c.object_id = e.id
                    AND c.model = %(model)s AND c.change_set_id > %(made)s)
                RETURNING e.person_id
            )
            INSERT INTO import_back SELECT DISTINCT person_id FROM removed
            """,  # noqa: S608
            {**made, "model": part.replace("_", ".", 1)},
        )
    run(
        "DELETE FROM records_taglink l USING people_person p WHERE l.created_in_id = %(made)s"
        " AND l.kind = 'person' AND p.id = l.record_id AND (p.created_in_id <> %(made)s"
        " OR p.id IN (SELECT id FROM import_gone))",
        made,
    )
    run(
        "DELETE FROM records_externalid x WHERE x.created_in_id = %(made)s AND x.kind = 'person'"
        " AND NOT EXISTS (SELECT FROM people_person p WHERE p.id = x.record_id"
        "  AND p.created_in_id = %(made)s AND p.id NOT IN (SELECT id FROM import_gone))",
        made,
    )
    run(
        "DELETE FROM records_externalid x WHERE x.created_in_id = %(made)s AND x.kind = 'company'"
        " AND NOT EXISTS (SELECT FROM people_company c WHERE c.id = x.record_id"
        "  AND c.created_in_id = %(made)s)",
        made,
    )


def _tell(actor: Actor, gone: list[int], back: list[int]) -> None:
    change_set = current_change_set().id
    refs = [RecordRef("person", pk) for pk in (*gone, *back)]
    tell_story(actor, refs, kind="people.undone", payload={})
    if gone:
        publish(PeopleDeleted(change_set, tuple(gone)))
    if back:
        publish(PeopleChanged(change_set, tuple(back), ()))
