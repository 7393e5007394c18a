"""Further companies of a row: persons who work at several, as other systems associate them."""

from collections.abc import Mapping, Sequence

from tandem.kernel.actor import Actor
from tandem.people import queries
from tandem.people.actions.companies import add_companies
from tandem.people.actions.import_fields import TAG_MARK
from tandem.people.actions.import_rows import firms_by_id, ids_in, rows_of, run, table
from tandem.people.rules import sort_key
from tandem.records.actions.external import link_external_ids
from tandem.records.slots import Staged


def write_further_jobs(actor: Actor, staged: Staged) -> int:
    """Jobs at the companies behind the first of a row; how many companies were added for them.

    A company is known by its id in the source, else by its name, and added once. An id that nobody
    knows is from now on that of the company named in its place; one without a name is counted.
    """
    rows = rows_of(
        "SELECT p.line, t.person_id, p.company, p.companies, p.company_ids FROM import_target t"
        " JOIN import_person p ON p.line = t.line"
        " WHERE p.companies IS NOT NULL OR p.company_ids IS NOT NULL ORDER BY p.line"
    )
    if not rows:
        return 0
    said = [
        (line, person, [one for one in (first, *(more or "").split(TAG_MARK)) if one], ids_in(ids))
        for line, person, first, more, ids in rows
    ]
    by_id = firms_by_id(actor, staged, [one for *_who, ids in said for one in ids])
    by_name, added = _named(actor, [name for _l, _p, names, _ids in said for name in names])
    jobs, links, unknown = set(), {}, set()
    for line, person, names, ids in said:
        is_paired = len(names) == len(ids)
        firms = [by_id[one] for one in ids if one in by_id]
        if is_paired:
            pairs = [
                (by_id.get(one) or by_name[sort_key(name)], one)
                for name, one in zip(names, ids, strict=True)
            ]
            firms = [firm for firm, _one in pairs]
            links.update({one: firm for firm, one in pairs if one not in by_id})
        else:
            unknown |= {line} if len(firms) < len(ids) else set()
            firms += [by_name[sort_key(name)] for name in names if not ids]
        jobs |= {(person, firm) for firm in firms}
    _insert_jobs(sorted(jobs))
    link_external_ids("company", staged.source, links.items())
    run(
        "INSERT INTO import_gap SELECT unnest(%s::bigint[]), '', 'company_id_unknown'",
        [sorted(unknown)],
    )
    return added


def _named(actor: Actor, names: Sequence[str]) -> tuple[Mapping[str, int], int]:
    """Companies by sort key, those that are not here added; how many that were."""
    wanted = {sort_key(name): name for name in reversed(names)}
    seen = queries.companies_visible_to(actor).filter(sort_key__in=wanted).order_by("-pk")
    found = dict(seen.values_list("sort_key", "pk"))
    new = sorted(set(wanted) - set(found))
    ids = add_companies(actor, named=[(wanted[key], "") for key in new])
    return {**found, **dict(zip(new, ids, strict=True))}, len(ids)


def _insert_jobs(jobs: Sequence[tuple[int, int]]) -> None:
    """Jobs beside the main one, where somebody does not work at the company already."""
    table("import_job", "person_id bigint, company_id bigint", jobs)
    run(
        """
        WITH added AS (
            INSERT INTO people_employment (person_id, company_id, title, function, seniority,
                is_primary, created_in_id)
            SELECT i.person_id, i.company_id, '', '', '', false, (SELECT tandem_change_set())
            FROM import_job i
            WHERE NOT EXISTS (SELECT FROM people_employment o WHERE o.person_id = i.person_id
                              AND o.company_id = i.company_id AND o.deleted_at IS NULL)
            RETURNING person_id, company_id
        )
        INSERT INTO import_touched
        SELECT a.person_id, 'company', '', c.name FROM added a
        JOIN import_target t ON t.person_id = a.person_id AND t.is_known
        JOIN people_company c ON c.id = a.company_id
        """
    )
