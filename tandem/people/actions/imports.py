"""Persons from files: found again by id and address, filled or added, all in one change set."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.people.actions.import_fields import FAULTS, PERSON_FIELDS, TAG_MARK
from tandem.people.actions.import_jobs import write_further_jobs
from tandem.people.actions.import_reverts import revert_people
from tandem.people.actions.import_rows import (
    count_of,
    leave_out,
    match_rows,
    refresh_statistics,
    rows_of,
    run,
    type_rows,
)
from tandem.people.actions.import_writes import (
    change_persons,
    claim_addresses,
    insert_persons,
    touch_changed,
    write_employers,
    write_parts,
)
from tandem.people.actions.lifecycle import record_stage
from tandem.people.facts import PeopleChanged, PeopleCreated
from tandem.people.rules import Stage
from tandem.people.slots import EVIDENCE_KEEPERS, Weighed
from tandem.records.actions.external import link_staged_ids
from tandem.records.actions.tagging import tag_staged
from tandem.records.slots import (
    IMPORTERS,
    Importer,
    Notice,
    Outcome,
    Sample,
    Staged,
    tell_story,
)

SAMPLES = 5
TOLD_AT_ONCE = 50_000  # ids in one fact


def commit_people(actor: Actor, staged: Staged) -> Outcome:
    """Write the staged rows as persons with their companies; see slots.Importer."""
    # Both kinds of file add companies: one after the other, so that each is added once.
    run("SELECT pg_advisory_xact_lock(hashtextextended('people.import', 0))")
    type_rows(actor, staged, PERSON_FIELDS)
    staged.step(0.1, _("Who is here already"))
    match_rows(actor, staged)
    leave_out(staged)
    claim_addresses(actor, staged)
    _gather_consent(staged)
    staged.step(0.25, _("Companies"))
    companies = write_employers(actor)
    run(
        "CREATE TEMP TABLE import_touched (person_id bigint, field text, old text, new text)"
        " ON COMMIT DROP"
    )
    added = insert_persons(actor, staged, step_from=0.25, step_to=0.6)
    staged.step(0.6, _("Consent"))
    weighed = _weigh_consent(actor, staged)
    staged.step(0.65, _("Addresses, numbers and jobs"))
    write_parts(staged)
    change_persons(actor, staged)
    companies += write_further_jobs(actor, staged)
    tags = _write_tags(actor, staged)
    _write_external_ids(staged)
    staged.step(0.8, _("Story"))
    created = [
        row[0]
        for row in rows_of("SELECT person_id FROM import_target WHERE NOT is_known ORDER BY line")
    ]
    _tell_created(actor, staged, created)
    _write_stages(actor, staged)
    changed = touch_changed()
    _tell_changed(actor, staged, changed)
    _note_results(staged)
    refresh_statistics(rows=added)
    counts = dict(rows_of("SELECT verdict, count(*) FROM import_result GROUP BY verdict"))
    return Outcome(
        created=counts.get("created", 0),
        updated=counts.get("updated", 0),
        skipped=counts.get("skipped", 0),
        related={
            "people": {"created": added, "changed": len(changed)},
            "companies": {"created": companies},
            "tags": {"created": tags},
        },
        figures={},
        notices=(*_notices(), *(notice for one in weighed for notice in one.notices)),
        samples=_samples(),
        merged=count_of("SELECT count(*) FROM import_twin"),
        last=tuple(one.keep for one in weighed),
    )


# --- what hangs on persons ------------------------------------------------------------------------


def _gather_consent(staged: Staged) -> None:
    """``import_consent``: what the file says of each person's consent.

    Of persons of whom nothing else may be written a no is kept all the same.
    """
    keys = ("consent", "opted_out", "consent_at", "asked_at", "bounced_at", "withdrawn_at")
    run(
        """
        CREATE TEMP TABLE import_consent ON COMMIT DROP AS
        SELECT * FROM (
            SELECT t.line, t.person_id, t.is_known, split_part(p.emails, ' ', 1) AS address,
                CASE WHEN p.opted_out IS NOT NULL OR p.withdrawn_at IS NOT NULL
                          OR p.consent = 'withdrawn' THEN 'withdrawn'
                     WHEN p.bounced_at IS NOT NULL THEN 'bounced'
                     WHEN p.consent IS NOT NULL THEN p.consent
                     WHEN num_nonnulls(p.consent_at, p.asked_at) > 0 THEN 'granted' END AS said,
                CASE WHEN p.opted_out IS NOT NULL OR p.withdrawn_at IS NOT NULL
                          OR p.consent = 'withdrawn' THEN p.withdrawn_at
                     ELSE coalesce(p.consent_at, p.asked_at) END AS at,
                p.consent_source AS source, p.consent_wording AS wording,
                coalesce(p.consent_ip, p.asked_ip) AS ip,
                coalesce(p.withdrawn_why, CASE WHEN p.consent_at > p.asked_at THEN
                    concat_ws(' ', %(asked)s, to_char(p.asked_at AT TIME ZONE 'UTC',
                        'YYYY-MM-DD HH24:MI:SS UTC'), p.asked_ip) END) AS note
            FROM (SELECT * FROM import_target UNION ALL SELECT * FROM import_left) t
            JOIN import_person p ON p.line = t.line
            WHERE %(is_told)s
        ) c WHERE said IS NOT NULL
          AND (said IN ('withdrawn', 'bounced') OR NOT (is_known AND %(policy)s = 'create'))
          AND (is_known OR %(policy)s <> 'update')
        """,
        {
            "is_told": any(staged.reads(key) for key in keys),
            "policy": staged.policy,
            "asked": _("signed up"),
        },
    )


def _weigh_consent(actor: Actor, staged: Staged) -> list[Weighed]:
    if not rows_of("SELECT FROM import_consent LIMIT 1"):
        return []
    run("ALTER TABLE import_consent ADD COLUMN public_id uuid")
    run(
        "UPDATE import_consent c SET public_id = s.public_id FROM people_person s"
        " WHERE s.id = c.person_id"
    )
    run("ANALYZE import_consent")
    found = [keeper.weigh(actor, staged) for keeper in EVIDENCE_KEEPERS]
    for one in found:
        run(
            "INSERT INTO import_touched SELECT t.person_id, 'consent', '', ''"
            " FROM import_target t WHERE t.is_known AND t.person_id = ANY (%s)",
            [list(one.persons)],
        )
    return found


def _write_tags(actor: Actor, staged: Staged) -> int:
    if not staged.reads("tags"):
        return 0
    run(
        "CREATE TEMP TABLE import_tag ON COMMIT DROP AS"
        " SELECT DISTINCT t.person_id AS record_id, a.name FROM import_target t"
        " JOIN import_person p ON p.line = t.line,"
        " unnest(string_to_array(p.tags, %s)) AS a (name) WHERE p.tags <> ''",
        [TAG_MARK],
    )
    tagged = tag_staged(actor, kind="person", table="import_tag")
    run(
        "INSERT INTO import_touched SELECT t.person_id, 'tags', '', '' FROM import_target t"
        " WHERE t.is_known AND t.person_id = ANY (%s)",
        [sorted(set(tagged))],
    )
    return len(tagged)


def _write_external_ids(staged: Staged) -> None:
    if staged.reads("external_id"):
        run(
            "CREATE TEMP TABLE import_link ON COMMIT DROP AS"
            " SELECT DISTINCT ON (k.value) k.value, t.person_id AS record_id FROM import_key k"
            " LEFT JOIN import_twin w ON w.line = k.line"
            " JOIN import_target t ON t.line = coalesce(w.head, k.line)"
            " WHERE k.kind = 'x' ORDER BY k.value, k.line"
        )
        link_staged_ids("person", staged.source, table="import_link")


def _write_stages(actor: Actor, staged: Staged) -> None:
    """A stage that somebody has reached elsewhere; nobody goes back by a file."""
    if not staged.reads("stage"):
        return
    found = rows_of(
        "SELECT p.stage, array_agg(t.person_id) FROM import_target t"
        " JOIN import_person p ON p.line = t.line WHERE p.stage IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    for stage, ids in found:
        record_stage(
            actor,
            ids,
            stage=Stage(stage),
            cause=_("Imported from %(file)s") % {"file": staged.file},
            only_forward=True,
        )


# --- told -----------------------------------------------------------------------------------------


def _tell_created(actor: Actor, staged: Staged, ids: Sequence[int]) -> None:
    change_set = current_change_set().id
    for at in range(0, len(ids), TOLD_AT_ONCE):
        some = ids[at : at + TOLD_AT_ONCE]
        refs = [RecordRef("person", pk) for pk in some]
        tell_story(actor, refs, kind="people.imported", payload={"file": staged.file})
        publish(PeopleCreated(change_set, tuple(some)))


def _tell_changed(actor: Actor, staged: Staged, ids: Sequence[int]) -> None:
    """One entry for all persons of whom the same fields changed."""
    groups = rows_of(
        "SELECT fields, array_agg(person_id) FROM ("
        " SELECT person_id, array_agg(DISTINCT field ORDER BY field) AS fields"
        " FROM import_touched GROUP BY person_id) s GROUP BY fields ORDER BY fields"
    )
    for fields, changed in groups:
        refs = [RecordRef("person", pk) for pk in changed]
        payload = {"file": staged.file, "fields": fields}
        tell_story(actor, refs, kind="people.import_changed", payload=payload)
        publish(PeopleChanged(current_change_set().id, tuple(changed), tuple(fields)))


# --- what became of the rows ----------------------------------------------------------------------


def _note_results(staged: Staged) -> None:
    run(
        """
        INSERT INTO import_result
        SELECT t.line,
               CASE WHEN NOT t.is_known THEN 'created' WHEN f.person_id IS NULL THEN 'skipped'
                    ELSE 'updated' END,
               t.person_id,
               CASE WHEN NOT t.is_known THEN NULL WHEN f.person_id IS NULL THEN %(same)s
                    ELSE f.fields END
        FROM import_target t LEFT JOIN (
            SELECT person_id, string_agg(DISTINCT field, ', ' ORDER BY field) AS fields
            FROM import_touched GROUP BY person_id
        ) f ON f.person_id = t.person_id
        UNION ALL
        SELECT line, 'skipped', CASE WHEN is_known THEN person_id END,
               CASE WHEN is_known THEN %(here)s ELSE %(unknown)s END
        FROM import_left
        UNION ALL
        SELECT w.line, 'skipped', t.person_id, %(twin)s || ' ' || w.head
        FROM import_twin w JOIN import_person p ON p.line = w.line
        LEFT JOIN import_target t ON t.line = w.head
        """,
        {
            "same": _("says nothing new"),
            "here": _("is here already"),
            "unknown": _("is nobody who is here"),
            "twin": _("the same person as row"),
        },
    )


def _notices() -> list[Notice]:
    twins = rows_of(
        "SELECT count(*), (array_agg(line || ' = ' || head ORDER BY line))[1:5] FROM import_twin"
    )[0]
    nameless = rows_of(
        "SELECT count(*), (array_agg(p.name ORDER BY p.line))[1:3] FROM import_person p"
        " JOIN import_target t ON t.line = p.line AND NOT t.is_known"
        " WHERE p.emails = '' AND p.external_id IS NULL"
    )[0]
    found = []
    if twins[0]:
        text = ngettext(
            "row is the same person as an earlier one and was joined with it.",
            "rows are the same person as an earlier one and were joined with it.",
            twins[0],
        )
        found.append(Notice("rows_of_one_person", twins[0], text, tuple(twins[1])))
    if nameless[0]:
        text = ngettext(
            "new person has neither an address nor an id: the same file would add them again.",
            "new people have neither an address nor an id: the same file would add them again.",
            nameless[0],
        )
        found.append(Notice("people_without_key", nameless[0], text, tuple(nameless[1])))
    return found


def _samples() -> tuple[Sample, ...]:
    """The first rows of each verdict, with what they fill or change."""
    added = rows_of(
        "SELECT t.line, s.name, split_part(p.emails, ' ', 1), split_part(p.phones, ' ', 1),"
        " p.title, p.company, p.country"
        " FROM import_target t JOIN import_person p ON p.line = t.line"
        " JOIN people_person s ON s.id = t.person_id WHERE NOT t.is_known"
        " ORDER BY t.line LIMIT %s",
        [SAMPLES],
    )
    fields = ("email", "phone", "title", "company", "country")
    found = [
        Sample(
            line,
            "created",
            name,
            tuple((field, "", value) for field, value in zip(fields, values, strict=True) if value),
        )
        for line, name, *values in added
    ]
    changed = rows_of(
        "SELECT t.line, s.name, json_agg(json_build_array(f.field, f.old, f.new))"
        " FROM import_touched f JOIN import_target t ON t.person_id = f.person_id"
        " JOIN people_person s ON s.id = t.person_id"
        " GROUP BY t.line, s.name ORDER BY t.line LIMIT %s",
        [SAMPLES],
    )
    for line, name, changes in changed:
        found.append(
            Sample(line, "updated", name, tuple((a, b or "", c or "") for a, b, c in changes))
        )
    for verdict in ("skipped", "merged"):
        passed = rows_of(
            "SELECT r.line, coalesce(s.name, ''), r.note FROM import_result r"
            " LEFT JOIN import_twin w ON w.line = r.line"
            " LEFT JOIN people_person s ON s.id = r.record_id WHERE r.verdict = 'skipped'"
            " AND (w.line IS NOT NULL) = %s ORDER BY r.line LIMIT %s",
            [verdict == "merged", SAMPLES],
        )
        found += [Sample(line, verdict, name, (("", "", note),)) for line, name, note in passed]
    return tuple(found)


def revert(actor: Actor, change_set_id: int) -> Mapping[str, int]:
    """Take back what an import wrote; what people changed since stays, and is counted."""
    counts = revert_people(actor, change_set_id)
    for keeper in EVIDENCE_KEEPERS:
        keeper.take_back(actor, change_set_id)
    return counts


IMPORTERS.register(
    "people",
    Importer(
        kind="people",
        label=gettext_lazy("People"),
        permission="people.create",
        fields=PERSON_FIELDS,
        commit=commit_people,
        revert=revert,
        listings={},
        record_kind="person",
        faults=FAULTS,
        has_policy=True,
    ),
)
