"""Companies from files: found again by id, domain or name, filled or added, in one change set.

Who is who is decided row by row in memory, by look-ups made for all rows at once; what is written
is written in a few statements for any number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg import sql

from tandem.accounts.models import User
from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.facts import publish
from tandem.kernel.ids import new_public_id
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import put_back_values
from tandem.people import queries
from tandem.people.actions.addresses import claim_domains
from tandem.people.actions.companies import take_back_companies
from tandem.people.actions.import_fields import COMPANY_FIELDS, FAULTS, TAG_MARK
from tandem.people.actions.import_rows import (
    joins_of,
    read_owners,
    refresh_statistics,
    rows_of,
    run,
    table,
    value_of,
)
from tandem.people.actions.keys import derive_companies
from tandem.people.actions.owners import first_owner
from tandem.people.errors import DomainInvalid
from tandem.people.facts import CompaniesChanged, CompaniesCreated
from tandem.people.models import Company, CompanyDomain
from tandem.people.rules import registrable_domain, search_key, sort_key
from tandem.records.actions.external import link_external_ids
from tandem.records.actions.tagging import forget_unused_tags, tag_staged
from tandem.records.models import ExternalId
from tandem.records.slots import (
    IMPORTERS,
    Importer,
    Notice,
    Outcome,
    Sample,
    Staged,
    tell_story,
)

_COLUMNS = ("name", "domain", "industry", "size", "country", "tags", "external_id", "parent")
_NAMING = ("name", "domain", "external_id")
_PLAIN = ("name", "industry", "size_band", "country")
SAMPLES = 5


@dataclass(slots=True)
class _Row:
    """One row that can be taken, and what became of it."""

    line: int
    name: str | None
    domain: str | None
    industry: str | None
    size: str | None
    country: str | None
    tags: str | None
    external_id: str | None
    parent: str | None
    owner: int | None
    created_at: datetime | None
    twins: list[int] = field(default_factory=list)
    company: int | None = None
    is_known: bool = False
    above: "_Row | int | None" = None  # the parent, in this file or here

    @property
    def parent_id(self) -> int | None:
        """The company above it, once all have their ids."""
        return self.above.company if isinstance(self.above, _Row) else self.above

    def say(self, other: "_Row", *, is_newest: bool) -> None:
        """Take what a later row says of the same company."""
        self.twins.append(other.line)
        for column in (*_COLUMNS, "owner", "created_at"):
            mine, theirs = getattr(self, column), getattr(other, column)
            if column == "tags":
                chosen = TAG_MARK.join(filter(None, (mine, theirs))) or None
            else:
                chosen = (theirs or mine) if is_newest else (mine or theirs)
            setattr(self, column, chosen)


@dataclass
class _Changes:
    """What was changed of companies that were here: (field, old, new) by company."""

    of: dict[int, list[tuple[str, str, str]]] = field(default_factory=dict)

    def note(self, company: int, what: str, old: str, new: str) -> None:
        self.of.setdefault(company, []).append((what, old, new))


def commit_companies(actor: Actor, staged: Staged) -> Outcome:
    """Write the staged rows as companies; see slots.Importer."""
    run("SELECT pg_advisory_xact_lock(hashtextextended('people.import', 0))")
    rows = _typed(actor, staged)
    by_name = _known_by_name(rows)
    staged.step(0.2, _("Which are here already"))
    heads = _matched(actor, staged, rows)
    left = [row for row in heads if _is_left(staged, row)]
    new = (
        [row for row in heads if not row.is_known and row not in left]
        if left
        else [row for row in heads if not row.is_known]
    )
    known = [row for row in heads if row.is_known and staged.policy != "create"]
    if staged.reads("parent"):
        _find_parents(actor, staged, sorted([*new, *known], key=lambda row: row.line))
    staged.step(0.4, _("Companies"))
    _insert(actor, new)
    changes = _Changes()
    _change(actor, staged, known, changes)
    _write_tags(actor, [*new, *known], changes)
    _write_ids(staged, [*new, *known])
    _finish(changes)
    staged.step(0.8, _("Story"))
    _tell(actor, staged, new, changes)
    _note_results(heads, left, changes, by_name)
    refresh_statistics(rows=len(new))
    counts = dict(rows_of("SELECT verdict, count(*) FROM import_result GROUP BY verdict"))
    return Outcome(
        created=counts.get("created", 0),
        updated=counts.get("updated", 0),
        skipped=counts.get("skipped", 0),
        related={"companies": {"created": len(new), "changed": len(changes.of)}},
        figures={},
        notices=_notices(heads, by_name),
        samples=_samples(new, known, changes),
        merged=sum(len(row.twins) for row in heads),
    )


# --- who is who -----------------------------------------------------------------------------------


def _typed(actor: Actor, staged: Staged) -> list[_Row]:
    owner = read_owners(actor, staged, COMPANY_FIELDS)
    empty = [f" AND coalesce(btrim(r.{key}), '') = ''" for key in _NAMING if staged.reads(key)]
    run(
        "INSERT INTO import_fault SELECT r.line, coalesce(g.field, ''),"  # noqa: S608
        " CASE WHEN g.line IS NULL THEN 'nothing' ELSE 'domain_alone' END FROM import_row r"
        " LEFT JOIN import_gap g ON g.line = r.line AND g.field = %s"
        f" WHERE NOT EXISTS (SELECT FROM import_fault f WHERE f.line = r.line){''.join(empty)}",
        [_label("domain")],
    )
    values = [value_of(staged, key) for key in _COLUMNS]
    values += [owner, value_of(staged, "created_at", "timestamptz")]
    found = rows_of(
        sql.SQL(
            "SELECT r.line, {} FROM import_row r{}{}"
            " WHERE NOT EXISTS (SELECT FROM import_fault f WHERE f.line = r.line) ORDER BY r.line"
        ).format(
            sql.SQL(", ").join(values),
            joins_of(staged, COMPANY_FIELDS),
            sql.SQL(
                " LEFT JOIN import_owner v_owner ON v_owner.raw = r.owner"
                if staged.reads("owner")
                else ""
            ),
        )
    )
    return [_Row(*row) for row in found]


def _known_by_name(rows: Sequence[_Row]) -> frozenset[int]:
    """Lines of rows that have only their name to be known by, as their domain cannot be read."""
    gaps = rows_of("SELECT line FROM import_gap WHERE field = %s", [_label("domain")])
    lost = {line for (line,) in gaps}
    return frozenset(row.line for row in rows if row.line in lost and not row.external_id)


def _label(key: str) -> str:
    return next(str(one.label) for one in COMPANY_FIELDS if one.key == key)


def _matched(actor: Actor, staged: Staged, rows: Sequence[_Row]) -> list[_Row]:
    """The first row of each company, with the company where it is here; unseen ones fail."""
    known = _known(actor, staged, rows)
    unseen = _unseen(actor, known.values())
    heads: dict[tuple[str, str], _Row] = {}
    found: dict[int, _Row] = {}
    kept: list[_Row] = []
    is_newest = staged.policy in ("overwrite", "update")
    for row in rows:
        keys = _keys(staged, row)
        company = next((known[key] for key in keys if key in known), None)
        if company in unseen:
            run("INSERT INTO import_fault VALUES (%s, '', 'exists_not_visible')", [row.line])
            continue
        head = next((heads[key] for key in keys if key in heads), None)
        if head is None and company is not None:
            head = found.get(company)
        if head is not None:
            head.say(row, is_newest=is_newest)
        else:
            head = row
            head.company, head.is_known = company, company is not None
            kept.append(head)
        if company is not None:
            found.setdefault(company, head)
        for key in keys:
            heads.setdefault(key, head)
    return kept


def _keys(staged: Staged, row: _Row) -> list[tuple[str, str]]:
    """How a row is recognised: id, domain; by its name where it has neither, or when asked."""
    keys = [("x", row.external_id)] if row.external_id else []
    keys += [("d", row.domain)] if row.domain else []
    if row.name and (not keys or staged.match == "names"):
        keys.append(("n", sort_key(row.name) or row.name))
    return keys


def _known(actor: Actor, staged: Staged, rows: Sequence[_Row]) -> Mapping[tuple[str, str], int]:
    wanted: dict[str, set[str]] = {"x": set(), "d": set(), "n": set()}
    for row in rows:
        for kind, value in _keys(staged, row):
            wanted[kind].add(value)
    return _here(actor, staged, wanted)


def _here(
    actor: Actor, staged: Staged, wanted: Mapping[str, set[str]]
) -> Mapping[tuple[str, str], int]:
    """Companies that are here by id of the source, domain and name; names only of visible ones."""
    found: dict[tuple[str, str], int] = {}
    named = queries.companies_visible_to(actor).filter(sort_key__in=wanted["n"])
    for key, pk in named.order_by("-pk").values_list("sort_key", "pk"):
        found["n", key] = pk
    domains = queries.live_parts(CompanyDomain, domain__in=wanted["d"], is_shared=False)
    for domain, pk in domains.values_list("domain", "company_id"):
        found["d", domain] = pk
    ids = ExternalId.objects.filter(source=staged.source, kind="company", value__in=wanted["x"])
    living = Company.objects.filter(deleted_at__isnull=True, merged_into__isnull=True)
    pairs = dict(ids.values_list("value", "record_id"))
    alive = set(living.filter(pk__in=pairs.values()).values_list("pk", flat=True))
    found.update({("x", value): pk for value, pk in pairs.items() if pk in alive})
    return found


def _unseen(actor: Actor, ids: Iterable[int]) -> set[int]:
    if actor.scope_of("company") is Scope.ALL:
        return set()
    wanted = set(ids)
    seen = queries.companies_visible_to(actor).filter(pk__in=wanted).values_list("pk", flat=True)
    return wanted - set(seen)


# --- who is above whom ----------------------------------------------------------------------------


def _find_parents(actor: Actor, staged: Staged, written: Sequence[_Row]) -> None:
    """The parent of each row: another row, wherever it stands in the file, or a company here.

    One that nobody knows, or that would close a circle, is left out and counted. Where the file
    only fills, a known company keeps the parent that it has.
    """
    run("SELECT pg_advisory_xact_lock(hashtextextended('people.parents', 0))")
    in_file: dict[tuple[str, str], _Row] = {}
    for row in written:
        for key in _names_of(row):
            in_file.setdefault(key, row)
    named = {row.line: _parent_keys(row.parent) for row in written if row.parent}
    wanted: dict[str, set[str]] = {"x": set(), "d": set(), "n": set()}
    for keys in named.values():
        for kind, value in keys:
            wanted[kind].add(value)
    here = _here(actor, staged, wanted)
    unseen = _unseen(actor, here.values())
    here = {key: pk for key, pk in here.items() if pk not in unseen}
    for row in written:
        keys = named.get(row.line, [])
        row.above = next((in_file[key] for key in keys if key in in_file), None) or next(
            (here[key] for key in keys if key in here), None
        )
    unknown = [row for row in written if row.parent and row.above is None]
    _note_parents("parent_unknown", unknown)
    _note_parents("parent_circle", _break_circles(staged, written))


def _names_of(row: _Row) -> list[tuple[str, str]]:
    return [
        (kind, value)
        for kind, value in (
            ("x", row.external_id),
            ("d", row.domain),
            ("n", sort_key(row.name or "")),
        )
        if value
    ]


def _parent_keys(text: str | None) -> list[tuple[str, str]]:
    named = text or ""
    keys = [("x", named), ("n", sort_key(named))]
    try:
        return [("d", registrable_domain(named)), *keys]
    except DomainInvalid:
        return keys


def _break_circles(staged: Staged, written: Sequence[_Row]) -> list[_Row]:
    """Take the parent from rows that would be above themselves, the last of a circle first."""
    known = {row.company for row in written if row.company}
    above = _parents_here(known | {row.above for row in written if isinstance(row.above, int)})
    if staged.policy == "fill":
        for row in written:
            if row.company and above.get(row.company):
                row.above = None
    said = {_node(row): _node(row.above) for row in written if row.above is not None}
    broken: list[_Row] = []
    is_sound = False
    while not is_sound:  # without its new parent a company is below its old one again
        is_sound = True
        for row in reversed(written):
            if _is_circle(_node(row), said, above):
                row.above, is_sound = None, False
                del said[_node(row)]
                broken.append(row)
    return sorted(broken, key=lambda row: row.line)


def _node(row: _Row | int) -> int:
    """A company here by its id, a new one by its row, below zero."""
    return row if isinstance(row, int) else row.company or -row.line


def _is_circle(start: int, said: Mapping[int, int], above: Mapping[int, int | None]) -> bool:
    """Whether what the file says puts a company above itself."""
    if start not in said:
        return False
    here: int | None = said[start]
    seen: set[int] = set()
    while here is not None and here != start and here not in seen:
        seen.add(here)
        here = said.get(here, above.get(here))
    return here == start


def _parents_here(ids: set[int]) -> dict[int, int | None]:
    """The parent of each of these companies and of all above them; one query a level."""
    found: dict[int, int | None] = {}
    while ids:
        found.update(Company.objects.filter(pk__in=ids).values_list("pk", "parent_id"))
        ids = {pk for pk in found.values() if pk is not None and pk not in found}
    return found


def _note_parents(code: str, rows: Sequence[_Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO import_gap SELECT unnest(%s::bigint[]), %s, %s",
            [[row.line for row in rows], _label("parent"), code],
        )


def _is_left(staged: Staged, row: _Row) -> bool:
    return (
        row.is_known
        if staged.policy == "create"
        else (not row.is_known if staged.policy == "update" else False)
    )


# --- written --------------------------------------------------------------------------------------


def _insert(actor: Actor, new: Sequence[_Row]) -> None:
    if not new:
        return
    ids = rows_of("SELECT nextval('people_company_id_seq') FROM generate_series(1, %s)", [len(new)])
    for row, (pk,) in zip(new, ids, strict=True):
        row.company = pk
        row.name = row.name or row.domain or row.external_id
    table(
        "import_company",
        "id bigint, public_id uuid, created_at timestamptz, name text, industry text, size text,"
        " country text, owner bigint, parent bigint, sort text, search text",
        (
            (
                row.company,
                new_public_id(),
                row.created_at,
                row.name,
                row.industry or "",
                row.size or "",
                row.country or "",
                row.owner,
                row.parent_id,
                sort_key(str(row.name)),
                search_key(str(row.name), [row.domain or ""], []),
            )
            for row in new
        ),
    )
    run(
        """
        INSERT INTO people_company (id, public_id, created_at, name, industry, size_band, tier,
            country, owner_id, parent_id, x, sort_key, search_key, created_in_id)
        SELECT id, public_id, least(coalesce(created_at, now()), now()), name, industry, size, '',
            country, coalesce(owner, %s), parent, '{}', sort, search, tandem_change_set()
        FROM import_company ORDER BY id
        """,
        [first_owner(actor, None, kind="company")],
    )
    claim_domains((row.company, row.domain) for row in new if row.company and row.domain)


def _change(actor: Actor, staged: Staged, known: Sequence[_Row], changes: _Changes) -> None:
    """Fill or overwrite what the file says otherwise of companies that were here."""
    before = Company.objects.in_bulk([row.company for row in known if row.company])
    domains = queries.live_parts(CompanyDomain, company_id__in=list(before))
    owned = set(domains.values_list("company_id", flat=True))
    users = dict(User.everyone.values_list("pk", "name"))
    parents = {row.parent_id for row in known} | {one.parent_id for one in before.values()}
    above_them = Company.objects.filter(pk__in=filter(None, parents))
    firms = dict(above_them.values_list("pk", "name"))
    overwrites = staged.policy != "fill"
    written: list[tuple[Any, ...]] = []
    claims: list[tuple[int, str]] = []
    for row in known:
        company = before[int(row.company or 0)]
        values: dict[str, Any] = {}
        for column, said in zip(
            _PLAIN, (row.name, row.industry, row.size, row.country), strict=True
        ):
            old = getattr(company, column)
            values[column] = (said or old) if overwrites else (old or said or "")
            if values[column] != old:
                what = column.removesuffix("_band")
                changes.note(company.pk, what, old, values[column])
        owner = row.owner or company.owner_id if overwrites else company.owner_id or row.owner
        if owner != company.owner_id and actor.may("people.assign"):
            old = users.get(company.owner_id or 0, "")
            changes.note(company.pk, "owner", old, users.get(owner or 0, ""))
        else:
            owner = company.owner_id
        above = row.parent_id or company.parent_id
        if above != company.parent_id:
            old = firms.get(company.parent_id or 0, "")
            changes.note(company.pk, "parent", old, firms.get(above or 0, ""))
        if row.domain and company.pk not in owned:
            claims.append((company.pk, row.domain))
            changes.note(company.pk, "domain", "", row.domain)
        written.append((company.pk, *values.values(), owner, above))
    claim_domains(claims)
    rows = [row for row in written if row[0] in changes.of]
    if not rows:
        return
    table(
        "import_company_change",
        "id bigint, name text, industry text, size text, country text, owner bigint, parent bigint",
        rows,
    )
    run(
        "UPDATE people_company c SET name = d.name, industry = d.industry, size_band = d.size,"
        " country = d.country, owner_id = d.owner, parent_id = d.parent"
        " FROM import_company_change d WHERE d.id = c.id AND"
        " (c.name, c.industry, c.size_band, c.country, c.owner_id, c.parent_id) IS DISTINCT FROM"
        " (d.name, d.industry, d.size, d.country, d.owner, d.parent)"
    )


def _write_tags(actor: Actor, rows: Sequence[_Row], changes: _Changes) -> None:
    wanted = [(row.company, name) for row in rows if row.tags for name in row.tags.split(TAG_MARK)]
    if not wanted:
        return
    table("import_tag", "record_id bigint, name text", wanted)
    names = dict(wanted)
    known = {row.company for row in rows if row.is_known}
    for pk in tag_staged(actor, kind="company", table="import_tag"):
        if pk in known:
            changes.note(pk, "tags", "", names[pk])


def _write_ids(staged: Staged, rows: Sequence[_Row]) -> None:
    pairs = {row.external_id: row.company for row in rows if row.external_id and row.company}
    known = ExternalId.objects.filter(
        source=staged.source, kind="company", value__in=pairs
    ).values_list("value", "record_id")
    for value, pk in known:
        if pairs[value] == pk:
            del pairs[value]
    link_external_ids("company", staged.source, pairs.items())


def _finish(changes: _Changes) -> None:
    """Raise the version of what changed, and make the keys anew."""
    ids = list(changes.of)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_company SET updated_at = now(), row_version = row_version + 1"
            " WHERE id = ANY (%s)",
            [ids],
        )
    keyed = ("name", "domain")
    derive_companies([pk for pk in ids if any(one[0] in keyed for one in changes.of[pk])])


# --- told -----------------------------------------------------------------------------------------


def _tell(actor: Actor, staged: Staged, new: Sequence[_Row], changes: _Changes) -> None:
    change_set = current_change_set().id
    ids = tuple(row.company for row in new if row.company)
    if ids:
        refs = [RecordRef("company", pk) for pk in ids]
        tell_story(actor, refs, kind="people.imported", payload={"file": staged.file})
        publish(CompaniesCreated(change_set, ids))
    groups: dict[tuple[str, ...], list[int]] = {}
    for pk, told in changes.of.items():
        groups.setdefault(tuple(sorted({one[0] for one in told})), []).append(pk)
    for fields, changed in sorted(groups.items()):
        payload = {"file": staged.file, "fields": list(fields)}
        refs = [RecordRef("company", pk) for pk in changed]
        tell_story(actor, refs, kind="people.import_changed", payload=payload)
        publish(CompaniesChanged(change_set, tuple(changed), fields))


def _note_results(
    heads: Sequence[_Row], left: Sequence[_Row], changes: _Changes, by_name: frozenset[int]
) -> None:
    passed = {row.line for row in left}

    def verdict(row: _Row) -> tuple[str, str]:
        if row.line in passed:
            return "skipped", _("is here already") if row.is_known else _("is not here")
        if not row.is_known:
            return "created", ""
        told = changes.of.get(row.company or 0)
        if not told:
            return "skipped", _("says nothing new")
        return "updated", ", ".join(sorted({one[0] for one in told}))

    def note(line: int, why: str) -> str:
        odd = _("known by its name, as its domain cannot be read") if line in by_name else ""
        return "; ".join(filter(None, (why, odd)))

    with connection.cursor() as cursor, cursor.copy("COPY import_result FROM STDIN") as copy:
        for row in heads:
            what, why = verdict(row)
            copy.write_row((row.line, what, row.company, note(row.line, why)))
            for line in row.twins:
                why = _joined_with(row)
                copy.write_row((line, "skipped", row.company, note(line, why)))


def _notices(heads: Sequence[_Row], by_name: frozenset[int]) -> tuple[Notice, ...]:
    found = []
    if twins := [(line, row.line) for row in heads for line in row.twins]:
        text = _("rows mean the same company as an earlier one and were joined with it.")
        shown = tuple(f"{line} = {head}" for line, head in twins[:SAMPLES])
        found.append(Notice("rows_of_one_company", len(twins), text, shown))
    taken = {line for row in heads for line in (row.line, *row.twins)}
    if named := sorted(by_name & taken):
        text = _(
            "rows have a domain that cannot be read and were taken by their name alone. Look"
            " whether each is the company that it means."
        )
        shown = tuple(_("row %(row)d") % {"row": line} for line in named[:SAMPLES])
        found.append(Notice("known_by_name", len(named), text, shown))
    return tuple(found)


def _samples(new: Sequence[_Row], known: Sequence[_Row], changes: _Changes) -> tuple[Sample, ...]:
    added = [
        Sample(
            row.line,
            "created",
            str(row.name),
            tuple(
                (key, "", str(getattr(row, key)))
                for key in ("domain", "industry", "size", "country", "parent")
                if getattr(row, key)
            ),
        )
        for row in new[:SAMPLES]
    ]
    changed = [
        Sample(row.line, "updated", str(row.name or row.domain), tuple(changes.of[row.company]))
        for row in known
        if row.company in changes.of
    ]
    joined = [
        Sample(line, "merged", str(row.name or row.domain), (("", "", _joined_with(row)),))
        for row in (*new, *known)
        for line in row.twins
    ]
    return (*added, *changed[:SAMPLES], *joined[:SAMPLES])


def _joined_with(row: _Row) -> str:
    return _("the same company as row %(row)d") % {"row": row.line}


def revert_companies(actor: Actor, change_set_id: int) -> Mapping[str, int]:
    """Take back companies that a change set wrote; what is in use or changed since stays."""
    made = {"made": change_set_id}
    back = [
        row[0]
        for row in rows_of(
            "SELECT DISTINCT root_id FROM kernel_recordchange WHERE change_set_id = %(made)s"
            " AND root_kind = 'company' AND operation = 'update'"
            " UNION SELECT company_id FROM people_companydomain d JOIN people_company c"
            " ON c.id = d.company_id WHERE d.created_in_id = %(made)s"
            " AND c.created_in_id <> %(made)s ORDER BY 1",
            made,
        )
    ]
    put_back_values(change_set_id)
    run(
        "DELETE FROM people_companydomain d USING people_company c"
        " WHERE d.created_in_id = %(made)s AND c.id = d.company_id AND c.created_in_id <> %(made)s",
        made,
    )
    gone = take_back_companies(actor, made_in=change_set_id, keep=())
    for name, column in (("records_taglink", "kind"), ("records_externalid", "kind")):
        run(
            sql.SQL(
                "DELETE FROM {} l USING people_company c WHERE l.created_in_id = %(made)s"
                " AND l.{} = 'company' AND c.id = l.record_id"
                " AND (c.created_in_id <> %(made)s OR c.deleted_at IS NOT NULL)"
            ).format(sql.Identifier(name), sql.Identifier(column)),
            made,
        )
    forget_unused_tags(change_set_id)
    derive_companies(back)
    refs = [RecordRef("company", pk) for pk in back]
    tell_story(actor, refs, kind="people.undone", payload={})
    ((kept,),) = rows_of(
        "SELECT count(*) FROM people_company WHERE created_in_id = %(made)s AND deleted_at IS NULL",
        made,
    )
    return {"companies": len(gone), "changes": len(back), "kept": kept}


IMPORTERS.register(
    "companies",
    Importer(
        kind="companies",
        label=gettext_lazy("Companies"),
        permission="people.create",
        fields=COMPANY_FIELDS,
        commit=commit_companies,
        revert=revert_companies,
        listings={},
        record_kind="company",
        faults=FAULTS,
        has_policy=True,
    ),
)
