"""Reads of persons and companies; each starts from what the actor may see."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, FilteredRelation, Model, Q, QuerySet

from tandem.accounts.models import User
from tandem.accounts.queries import scoped
from tandem.kernel.actor import Actor
from tandem.kernel.compiled import compiled
from tandem.kernel.errors import DomainError, Missing
from tandem.people.errors import ExistsNotVisible
from tandem.people.models import (
    Company,
    CompanyDomain,
    Employment,
    LifecycleEvent,
    LifecycleState,
    Party,
    Person,
    PersonEmail,
    PersonPhone,
    Relationship,
)
from tandem.people.queries.search import SHORTEST_NEAR, near
from tandem.people.queries.search import count_found as count_found
from tandem.people.queries.search import first_found as first_found
from tandem.people.queries.search import search_companies as search_companies
from tandem.people.queries.search import search_people as search_people
from tandem.people.rules import (
    JOINTS,
    LEGAL,
    MILESTONES,
    NEW_BUSINESS,
    Stage,
    Tie,
    bare_firm,
    bare_name,
    bare_web,
    folded,
    is_free_mail,
    mailbox,
    normalize_email,
    normalize_phone,
    rank,
    registrable_domain,
    sort_key,
    turned,
)
from tandem.people.schemas import NewPerson
from tandem.records.queries.merging import selves_of
from tandem.records.rules.alike import WEAK, Seen, name_reason
from tandem.records.slots import object_type, refuse_hidden
from tandem.timeline.models import TimelineEntry

AnyParty = TypeVar("AnyParty", bound=Party)

MAX_DUPLICATES = 5
MAX_ANCESTORS = 50
MOST_BELOW = 5_000

# What a job is, as history and facts call it: who may not see one of these sees no jobs.
JOB_FIELDS = ("company", "title")

# How far and how broadly a way to a person is looked for.
MOST_STEPS = 3
MOST_WAYS = 5
WAYS_BREADTH = 300
SMALL_FIRM = 30


# The one main row of each part: a partial unique index sees to it that a join gives no row twice.
_MAIN = {"is_primary": True, "deleted_at__isnull": True}
_OF_PERSON = {
    "primary_email": ("emails", _MAIN),
    "primary_phone": ("phones", _MAIN),
    "primary_job": ("employments", {**_MAIN, "ended_on__isnull": True}),
    "any_job": ("employments", {"deleted_at__isnull": True}),  # a join that may give several rows
}
_OF_COMPANY = {
    "primary_domain": ("domains", _MAIN),
    "any_job": ("employments", {"deleted_at__isnull": True}),
}
_WITH_PERSON = ("owner", "primary_email", "primary_phone", "primary_job", "primary_job__company")
_WITH_COMPANY = ("owner", "parent", "primary_domain")


def people_visible_to(actor: Actor) -> QuerySet[Person]:
    """Persons whom the actor may see.

    ``primary_email``, ``primary_phone`` and ``primary_job`` may be filtered and ordered by; only
    those that are used are joined.
    """
    rows = Person.objects.filter(deleted_at__isnull=True, merged_into__isnull=True)
    return scoped(rows, actor, kind="person").annotate(**_main_rows(_OF_PERSON))


def companies_visible_to(actor: Actor) -> QuerySet[Company]:
    """Companies that the actor may see; ``primary_domain`` may be filtered and ordered by."""
    rows = Company.objects.filter(deleted_at__isnull=True, merged_into__isnull=True)
    return scoped(rows, actor, kind="company").annotate(**_main_rows(_OF_COMPANY))


def _main_rows(parts: Mapping[str, tuple[str, Mapping[str, bool]]]) -> dict[str, FilteredRelation]:
    # Made anew for each queryset: Django writes into the one that it is given.
    return {
        alias: FilteredRelation(
            relation, condition=Q(**{f"{relation}__{name}": value for name, value in of.items()})
        )
        for alias, (relation, of) in parts.items()
    }


def prepare_people(rows: QuerySet[Person]) -> QuerySet[Person]:
    """With address, number, job, company and owner: no query more."""
    return rows.select_related(*_WITH_PERSON)


def prepare_companies(rows: QuerySet[Company]) -> QuerySet[Company]:
    """With domain, parent and owner: no query more."""
    return rows.select_related(*_WITH_COMPANY)


def person_by_public_id(actor: Actor, public_id: UUID) -> Person:
    """One person, ready to be shown; Missing when not there for this actor."""
    return _one(prepare_people(people_visible_to(actor)), public_id)


def company_by_public_id(actor: Actor, public_id: UUID) -> Company:
    """One company, ready to be shown; Missing when not there for this actor."""
    return _one(prepare_companies(companies_visible_to(actor)), public_id)


def _one(rows: QuerySet[AnyParty], public_id: UUID) -> AnyParty:
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


# --- search, likely doubles -----------------------------------------------------------------------


def same_person_candidates(actor: Actor, data: NewPerson) -> list[Person]:
    """Persons who may be the one that is being typed: the same address or number, a like name at
    the same company. Only visible ones, at most five; two queries at most."""
    wanted = Q()
    if data.email:
        wanted |= Q(emails__normalized=normalize_email(data.email), emails__deleted_at__isnull=True)
    number = _number_of(data.phone, data.country)
    if number:
        wanted |= Q(phones__normalized=number, phones__deleted_at__isnull=True)
    if data.company:
        there = Q(primary_job__company__sort_key=sort_key(data.company))
        wanted |= Q(pk__in=near(people_visible_to(actor).filter(there), folded(data.name)))
    if not wanted:
        return []
    rows = prepare_people(people_visible_to(actor)).filter(wanted).order_by("pk").distinct()
    return list(rows[:MAX_DUPLICATES])


def likely_people(actor: Actor, typed: Mapping[str, str]) -> list[Person]:
    """Persons whom somebody may be about to add once more: the same address or number, or nearly
    the same name. Only visible ones, at most five; three queries at most."""
    rows = people_visible_to(actor)
    wanted = Q()
    if address := _address_of(typed.get("email", "")):
        wanted |= Q(emails__normalized=address, emails__deleted_at__isnull=True)
    if number := _number_of(typed.get("phone", ""), typed.get("country", "")):
        wanted |= Q(phones__normalized=number, phones__deleted_at__isnull=True)
    name = bare_name(sort_key(typed.get("name", "")))
    if len(name) >= SHORTEST_NEAR:
        wanted |= Q(pk__in=_of_like_name(rows, name, bare_name, is_person=True))
    if not wanted:
        return []
    found = prepare_people(rows).filter(wanted).order_by("sort_key", "pk").distinct()
    return list(found[:MAX_DUPLICATES])


def likely_companies(actor: Actor, typed: Mapping[str, str]) -> list[Company]:
    """The same of companies, by domain and by name without its legal form."""
    rows = companies_visible_to(actor)
    wanted = Q()
    if domain := _domain_of(typed.get("domain", "")):
        wanted |= Q(
            domains__domain=domain, domains__deleted_at__isnull=True, domains__is_shared=False
        )
    name = bare_firm(sort_key(typed.get("name", "")))
    if len(name) >= SHORTEST_NEAR:
        wanted |= Q(pk__in=_of_like_name(rows, name, bare_firm, is_person=False))
    if not wanted:
        return []
    found = prepare_companies(rows).filter(wanted).order_by("sort_key", "pk").distinct()
    return list(found[:MAX_DUPLICATES])


def _of_like_name(
    rows: QuerySet[Any], name: str, bare: Callable[[str], str], *, is_person: bool
) -> list[int]:
    alike = rows.filter(pk__in=near(rows, name)).values_list("pk", "sort_key")
    return [
        pk for pk, key in alike if name_reason(name, bare(key), is_person=is_person) not in WEAK
    ]


def _address_of(text: str) -> str:
    try:
        return normalize_email(text) if text.strip() else ""
    except DomainError:
        return ""


def _domain_of(text: str) -> str:
    try:
        return registrable_domain(text) if text.strip() else ""
    except DomainError:
        return ""


def _number_of(phone: str | None, country: str | None) -> str:
    try:
        return normalize_phone(phone, country or "") if phone else ""
    except DomainError:
        return ""


# --- who has an address, a domain -----------------------------------------------------------------


def person_with_address(actor: Actor, normalized: str) -> Person | None:
    """The person who has an address; ExistsNotVisible when the actor may not see them."""
    person_id = (
        PersonEmail.objects.filter(normalized=normalized, deleted_at__isnull=True)
        .values_list("person_id", flat=True)
        .first()
    )
    return _if_visible(people_visible_to(actor), person_id)


def company_with_domain(actor: Actor, domain: str) -> Company | None:
    """The company that has a domain; ExistsNotVisible when the actor may not see it."""
    company_id = (
        CompanyDomain.objects.filter(domain=domain, is_shared=False, deleted_at__isnull=True)
        .values_list("company_id", flat=True)
        .first()
    )
    return _if_visible(companies_visible_to(actor), company_id)


def _if_visible(rows: QuerySet[AnyParty], pk: int | None) -> AnyParty | None:
    if pk is None:
        return None
    found = rows.filter(pk=pk).first()
    if found is None:
        raise ExistsNotVisible()
    return found


def person_called(actor: Actor, named: str) -> Person | None:
    """A visible person by public id, mail address or name (case and accents aside), the oldest of
    several. Raises AddressInvalid, ExistsNotVisible."""
    rows = people_visible_to(actor).order_by("pk")
    try:
        return rows.filter(public_id=UUID(named)).first()
    except ValueError:
        if "@" in named:
            return person_with_address(actor, normalize_email(named))
        key = sort_key(named)
        return rows.filter(sort_key=key).first() if key else None


def company_called(actor: Actor, name_or_id: str) -> Company | None:
    """A visible company by public id or by name (case and accents aside), the oldest of several."""
    rows = companies_visible_to(actor).order_by("pk")
    try:
        return rows.filter(public_id=UUID(name_or_id)).first()
    except ValueError:
        key = sort_key(name_or_id)
        return rows.filter(sort_key=key).first() if key else rows.filter(name=name_or_id).first()


def ancestors_of(company_id: int) -> set[int]:
    """The companies above one, itself included; one query a level."""
    found: set[int] = set()
    here: int | None = company_id
    while here is not None and here not in found and len(found) < MAX_ANCESTORS:
        found.add(here)
        here = Company.objects.filter(pk=here).values_list("parent_id", flat=True).first()
    return found


# --- what belongs to them -------------------------------------------------------------------------

_EMPLOYER = "primary_job__company_id"


def people_at(actor: Actor, company_id: int) -> QuerySet[Person]:
    """Visible persons who work at a company, by name."""
    rows = people_visible_to(actor).filter(**{_EMPLOYER: company_id})
    return prepare_people(rows).order_by("sort_key", "pk")


def people_counts(actor: Actor, company_ids: Sequence[int]) -> Mapping[int, int]:
    """How many persons whom the actor may see work at each company; one query."""
    return dict(
        people_visible_to(actor)
        .filter(**{f"{_EMPLOYER}__in": company_ids})
        .order_by()
        .values_list(_EMPLOYER)
        .annotate(Count("pk"))
    )


def current_jobs(rows: QuerySet[Employment]) -> QuerySet[Employment]:
    """Employments that have not ended."""
    return rows.filter(ended_on__isnull=True, deleted_at__isnull=True)


def emails_of(actor: Actor, person_id: UUID) -> QuerySet[PersonEmail]:
    """The mail addresses of a visible person, the main one first. Raises FieldHidden."""
    return _belonging(PersonEmail, person__in=_one_person(actor, person_id, "email"))


def phones_of(actor: Actor, person_id: UUID) -> QuerySet[PersonPhone]:
    """The phone numbers of a visible person, the main one first. Raises FieldHidden."""
    return _belonging(PersonPhone, person__in=_one_person(actor, person_id, "phone"))


def domains_of(actor: Actor, company_id: UUID) -> QuerySet[CompanyDomain]:
    """The domains of a visible company, the main one first. Raises FieldHidden."""
    object_type("company").refuse_hidden(actor, ["domain"])
    here = companies_visible_to(actor).filter(public_id=company_id).order_by().values("pk")
    return _belonging(CompanyDomain, company__in=here)


def jobs_of(actor: Actor, person_id: UUID) -> QuerySet[Employment]:
    """The jobs of a visible person with their companies: held today, then the latest. Raises
    FieldHidden."""
    rows = live_parts(Employment, person__in=_one_person(actor, person_id, *JOB_FIELDS))
    return rows.select_related("company").order_by(
        F("ended_on").desc(nulls_first=True),
        "-is_primary",
        F("started_on").desc(nulls_last=True),
        "-pk",
    )


def _belonging(model: type[Model], **of: Any) -> QuerySet[Any]:
    return live_parts(model, **of).order_by("-is_primary", "pk")


def _one_person(actor: Actor, person_id: UUID, *fields: str) -> QuerySet[Any]:
    """The id of a person where it is visible; raises FieldHidden where one of the fields is not."""
    object_type("person").refuse_hidden(actor, fields)
    return people_visible_to(actor).filter(public_id=person_id).order_by().values("pk")


def addresses_of(ids: Sequence[int]) -> Mapping[int, str]:
    """All mail addresses of some persons, the main one first, with commas; one query."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    mails = _belonging(PersonEmail, person_id__in=ids)
    for pk, address in mails.values_list("person_id", "address"):
        found[pk].append(address)
    return {pk: ", ".join(addresses) for pk, addresses in found.items()}


def parent_names(actor: Actor, ids: Collection[int]) -> Mapping[int, str]:
    """By company the name of the one above it, where the actor sees that; one query."""
    above = Company.objects.filter(pk__in=ids, parent__in=companies_visible_to(actor).values("pk"))
    return dict(above.values_list("pk", "parent__name"))


def people_before(actor: Actor, company_id: int) -> QuerySet[Person]:
    """Visible persons who worked at a company and do so no more, by name: where they are now is in
    ``primary_job``."""
    jobs = Employment.objects.filter(company_id=company_id, deleted_at__isnull=True)
    was, is_there = jobs.filter(ended_on__isnull=False), jobs.filter(ended_on__isnull=True)
    rows = people_visible_to(actor).filter(pk__in=was.values("person_id"))
    rows = rows.exclude(pk__in=is_there.values("person_id"))
    return prepare_people(rows).order_by("sort_key", "pk")


# --- how persons stand to each other --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A tie as one person's page shows it: in whose words, and with whom."""

    id: int
    tie: Tie
    person: Person
    note: str


def ties_of(actor: Actor, person_id: UUID) -> QuerySet[Relationship]:
    """The ties of a person, where the actor sees both."""
    seen = people_visible_to(actor).order_by().values("pk")
    here = _one_person(actor, person_id)
    return (
        Relationship.objects.filter(Q(from_person__in=here) | Q(to_person__in=here))
        .filter(from_person__in=seen, to_person__in=seen)
        .select_related("from_person", "to_person")
        .order_by("pk")
    )


@compiled
def _ties_of(actor: Actor, *, person_id: UUID) -> QuerySet[Relationship]:
    return ties_of(actor, person_id)


def known_to(actor: Actor, person: Person) -> list[Known]:
    """Whom a person stands to and how, said from their side; one query."""
    found = []
    for row in _ties_of(actor, person_id=person.public_id):
        is_own = row.from_person_id == person.pk
        tie = Tie(row.type) if is_own else turned(Tie(row.type))
        found.append(Known(row.pk, tie, row.to_person if is_own else row.from_person, row.note))
    return sorted(found, key=lambda one: (list(Tie).index(one.tie), one.person.sort_key))


@dataclass(frozen=True, slots=True)
class WayIn:
    """A way to a person: who of us owns the first of ``steps``; each step names a person and what
    ties them to the next, the last one to the person who is looked for."""

    colleague: User
    steps: Sequence[tuple[Person, Tie | None]]


def ways_in(actor: Actor, person: Person) -> list[WayIn]:
    """Who of us knows somebody who knows them: the shortest ways over at most three ties, only by
    persons whom the actor sees, a few at most.

    We know those whom one of us owns. Besides what is noted, people know each other who work at the
    same company today, where that is small (a tie of None). Two or three queries a step, each over
    at most ``WAYS_BREADTH`` persons. Raises FieldHidden where owners or employers are not there.
    """
    refuse_hidden(actor, "person.owner", "person.company")
    came_by: dict[int, tuple[int, Tie | None]] = {}
    edge, seen, ends = [person.pk], {person.pk}, list[int]()
    for _step in range(MOST_STEPS):
        links = _links_to(edge)
        fresh = [pk for pk in links if pk not in seen]
        rows = people_visible_to(actor).filter(pk__in=fresh, deleted_at__isnull=True)
        visible = dict(rows.order_by("pk").values_list("pk", "owner_id")[:WAYS_BREADTH])
        came_by |= {pk: links[pk] for pk in visible}
        seen |= set(fresh)
        ends += [pk for pk, owner in visible.items() if owner]
        edge = list(visible)
        if len(ends) >= MOST_WAYS or not edge:
            break
    return _ways_from(ends[:MOST_WAYS], came_by, person.pk)


def _links_to(ids: Sequence[int]) -> dict[int, tuple[int, Tie | None]]:
    """Who is tied to one of these persons, and how, said from their side: what is noted before what
    follows from working together; two queries."""
    found: dict[int, tuple[int, Tie | None]] = {}
    here = set(ids)
    noted = Relationship.objects.filter(Q(from_person__in=ids) | Q(to_person__in=ids))
    for one, two, tie in noted.order_by("pk").values_list("from_person_id", "to_person_id", "type"):
        if two in here:
            found.setdefault(one, (two, Tie(tie)))
        if one in here:
            found.setdefault(two, (one, turned(Tie(tie))))
    jobs = current_jobs(Employment.objects.filter(company__isnull=False))
    there = jobs.filter(person__in=ids).values("company_id")
    small = (
        jobs.filter(company__in=there)
        .values("company_id")
        .annotate(count=Count("person", distinct=True))
        .filter(count__lte=SMALL_FIRM)
        .values("company_id")
    )
    at: dict[int, list[int]] = defaultdict(list)
    for company, who in jobs.filter(company__in=small).values_list("company_id", "person_id"):
        at[company].append(who)
    for people in at.values():
        known = next((pk for pk in people if pk in here), None)
        for pk in people:
            if known is not None and pk not in here:
                found.setdefault(pk, (known, None))
    return found


def _ways_from(
    ends: Sequence[int], came_by: Mapping[int, tuple[int, Tie | None]], goal: int
) -> list[WayIn]:
    trails: list[list[tuple[int, Tie | None]]] = []
    for end in ends:
        here, trail = end, list[tuple[int, Tie | None]]()
        while here != goal:
            following, tie = came_by[here]
            trail.append((here, tie))
            here = following
        trails.append(trail)
    ids = {pk for trail in trails for pk, _tie in trail}
    people = Person.objects.select_related("owner").in_bulk(list(ids))
    found = []
    for trail in trails:
        owner = people[trail[0][0]].owner
        if owner is not None:
            found.append(WayIn(owner, [(people[pk], tie) for pk, tie in trail]))
    return found


# --- groups of companies --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Family:
    """The group of a company, as far as the actor sees it: who stands above, the next one first;
    who right below, with their people; how many companies and people there are in all of it."""

    above: Sequence[Company]
    below: Sequence[tuple[Company, int]]
    companies: int
    people: int


def family_of(actor: Actor, company: Company) -> Family:
    """The companies above and below one, and what they come to together; five queries."""
    above, below = _lineage(company.pk)
    visible = companies_visible_to(actor)
    seen = visible.in_bulk([*above, *below])
    counts = people_counts(actor, [company.pk, *(pk for pk in below if pk in seen)])
    children = [seen[pk] for pk, parent in below.items() if parent == company.pk and pk in seen]
    return Family(
        above=[seen[pk] for pk in above if pk in seen],
        below=[
            (one, counts.get(one.pk, 0)) for one in sorted(children, key=lambda one: one.sort_key)
        ],
        companies=sum(pk in seen for pk in below),
        people=sum(counts.values()),
    )


def _lineage(company_id: int) -> tuple[list[int], dict[int, int]]:
    """The companies above one in order, and all below with their parents; one query, bounded."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE above AS (
                SELECT parent_id AS id, 1 AS step FROM people_company WHERE id = %(id)s
                UNION ALL SELECT c.parent_id, a.step + 1 FROM people_company c
                JOIN above a ON c.id = a.id WHERE a.step < %(steps)s
            ), below AS (
                SELECT id, parent_id, 1 AS step FROM people_company
                WHERE parent_id = %(id)s AND deleted_at IS NULL
                UNION ALL SELECT c.id, c.parent_id, b.step + 1 FROM people_company c
                JOIN below b ON c.parent_id = b.id
                WHERE b.step < %(steps)s AND c.deleted_at IS NULL
            )
            SELECT id, NULL::bigint, step FROM above WHERE id IS NOT NULL
            UNION ALL (SELECT id, parent_id, 0 FROM below ORDER BY id LIMIT %(most)s)
            """,
            {"id": company_id, "steps": MAX_ANCESTORS, "most": MOST_BELOW},
        )
        rows = cursor.fetchall()
    return (
        [pk for pk, _parent, step in sorted(rows, key=lambda row: row[2]) if step],
        {pk: parent for pk, parent, step in rows if not step},
    )


# Each of these raised the version of its record by one.
_CHANGES = (
    "people.changed",
    "people.owner_changed",
    "people.undone",
    "people.import_changed",
    "records.import_changed",
    "records.changed",
    *(
        f"people.{part}_{verb}"
        for part in ("email", "phone", "domain", "job")
        for verb in ("added", "changed", "ended", "main", "marked", "removed")
    ),
)


def fields_changed_since(kind: str, record: Party, version: int) -> list[str]:
    """Which fields the changes after ``version`` touched, by its story; one query."""
    newer = max(record.row_version - version, 0)
    entries = TimelineEntry.objects.filter(
        subject_kind=kind, subject_id=record.pk, kind__in=_CHANGES
    ).order_by("-at", "-id")
    found: set[str] = set()
    for entry in entries[:newer]:
        found |= {one["field"] for one in entry.payload.get("changes", ())}
        found |= {"owner"} if "owner" in entry.payload else set()
        found |= set(entry.payload.get("fields", ()))
    return sorted(found)


def live_parts(model: type[Model], **of: Any) -> QuerySet[Any]:
    """Rows of a record's parts that are not deleted."""
    return model._default_manager.filter(deleted_at__isnull=True, **of)


# --- lifecycle ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step of the way: ``at`` when it was first reached, None where nobody noted it."""

    stage: Stage
    side: str
    at: datetime | None
    is_reached: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Way:
    """How far a person or company has come in a motion; ``stage`` may be a way back or out."""

    milestones: Sequence[Milestone]
    stage: Stage | None
    since: datetime | None
    furthest: Stage | None


def way_of(kind: str, record_id: int, *, motion: str = NEW_BUSINESS) -> Way:
    """The way of a record that the actor sees already, and of those that were merged into it; three
    queries."""
    state = next(iter(_lifecycle(kind=kind, motion=motion, record=record_id)), None)
    # The earliest of each stage is the last that is put in.
    firsts = dict(_first_steps(kind=kind, motion=motion, ids=selves_of(kind, [record_id])))
    stage = Stage(state.stage) if state else None
    furthest = Stage(state.furthest_stage) if state else None
    reached = -1 if furthest is None else rank(furthest)
    # Where somebody stands between two milestones, the one that they have passed is meant.
    passed = [one for one, _side in MILESTONES if stage is not None and rank(one) <= rank(stage)]
    return Way(
        milestones=[
            Milestone(
                stage=one,
                side=side,
                at=firsts.get(str(one)),
                is_reached=rank(one) <= reached,
                is_current=bool(passed) and one is passed[-1],
            )
            for one, side in MILESTONES
        ],
        stage=stage,
        since=state.since if state else None,
        furthest=furthest,
    )


@compiled
def _lifecycle(*, kind: str, motion: str, record: int) -> QuerySet[LifecycleState]:
    return LifecycleState.objects.filter(subject_kind=kind, motion=motion, subject_id=record)


@compiled
def _first_steps(
    *, kind: str, motion: str, ids: Sequence[int]
) -> QuerySet[LifecycleEvent, tuple[str, datetime]]:
    steps = LifecycleEvent.objects.filter(
        subject_kind=kind, motion=motion, subject_id__one_of=ids, is_first=True
    )
    return steps.order_by("-at", "-pk").values_list("to_stage", "at")


# --- who may be here twice ------------------------------------------------------------------------

# Keys that doubles share: the words of the name in any order, an initial with the last word, the
# first word with the beginning of the last and the other way round, numbers, names of mailboxes.
PERSON_KEYS = r"""
    SELECT n.id, k.key FROM (
        SELECT id, words, words[array_length(words, 1)] AS last FROM (
            SELECT id, regexp_split_to_array(
                btrim(regexp_replace(sort_key, '[^[:alnum:] ]', '', 'g')), ' +') AS words
            FROM people_person
            WHERE deleted_at IS NULL AND merged_into_id IS NULL AND sort_key ~ '[[:alnum:]]'
        ) w
    ) n CROSS JOIN LATERAL (VALUES
        ('n:' || (SELECT string_agg(word, ' ' ORDER BY word) FROM unnest(n.words) word)),
        (CASE WHEN array_length(n.words, 1) > 1
            THEN 'i:' || left(n.words[1], 1) || ' ' || n.last END),
        (CASE WHEN array_length(n.words, 1) > 1
            THEN 'f:' || n.words[1] || ' ' || left(n.last, 3) END),
        (CASE WHEN array_length(n.words, 1) > 1
            THEN 'g:' || n.words[1] || ' ' || left(n.last, 2) END),
        (CASE WHEN array_length(n.words, 1) > 1
            THEN 'l:' || left(n.words[1], 3) || ' ' || n.last END)
    ) k (key)
    UNION ALL SELECT p.person_id AS id, 'p:' || p.normalized FROM people_personphone p
        JOIN people_person o ON o.id = p.person_id
        WHERE p.deleted_at IS NULL AND o.deleted_at IS NULL AND o.merged_into_id IS NULL
    UNION ALL SELECT m.person_id AS id, 'm:' || split_part(split_part(m.normalized, '@', 1), '+', 1)
        FROM people_personemail m JOIN people_person o ON o.id = m.person_id
        WHERE m.deleted_at IS NULL AND o.deleted_at IS NULL AND o.merged_into_id IS NULL
          AND length(split_part(m.normalized, '@', 1)) > 4
"""
# Of companies: the words of the name without its legal form, the beginning and the end of what is
# left, what the web domain is called, and the name as a domain would have it.
_SKIPPED: LiteralString = "|".join((*LEGAL, *JOINTS))
COMPANY_KEYS: LiteralString = (
    r"""
    SELECT n.id, k.key FROM (
        SELECT id, words, array_to_string(words, '') AS whole FROM (
            SELECT id, regexp_split_to_array(btrim(regexp_replace(regexp_replace(regexp_replace(
                regexp_replace(sort_key, '[.'']', '', 'g'), '[^[:alnum:]]+', ' ', 'g'),
                '([aou])e', '\1', 'g'), '\m("""  # noqa: S608  (words of our own)
    + _SKIPPED
    + r""")\M', '', 'g')), ' +') AS words
            FROM people_company
            WHERE deleted_at IS NULL AND merged_into_id IS NULL AND sort_key ~ '[[:alnum:]]'
        ) w
    ) n CROSS JOIN LATERAL (VALUES
        ('n:' || (SELECT string_agg(word, ' ' ORDER BY word) FROM unnest(n.words) word)),
        (CASE WHEN length(n.whole) > 6 THEN 'b:' || left(n.whole, 6) END),
        (CASE WHEN length(n.whole) > 6 THEN 'e:' || right(n.whole, 6) END),
        (CASE WHEN length(n.whole) > 6 THEN 'd:' || n.whole END)
    ) k (key)
    UNION ALL
    SELECT d.company_id AS id, 'd:' || replace(split_part(d.domain, '.', 1), '-', '')
        FROM people_companydomain d
        JOIN people_company o ON o.id = d.company_id
        WHERE d.deleted_at IS NULL AND NOT d.is_shared
          AND o.deleted_at IS NULL AND o.merged_into_id IS NULL
"""
)


def people_seen(ids: Collection[int]) -> dict[int, Seen]:
    """What is compared of persons; four queries for any number."""
    mails = _parts_of(PersonEmail, "person_id", "normalized", ids)
    phones = _parts_of(PersonPhone, "person_id", "normalized", ids)
    jobs = _parts_of(Employment, "person_id", "company__sort_key", ids)
    people = Person.objects.filter(pk__in=ids, deleted_at__isnull=True, merged_into__isnull=True)
    return {
        pk: Seen(
            name=bare_name(key),
            mail_names=frozenset(mailbox(one) for one in mails[pk]) - {""},
            domains=frozenset(
                domain for one in mails[pk] if not is_free_mail(domain := one.partition("@")[2])
            ),
            phones=frozenset(phones[pk]),
            companies=frozenset(jobs[pk]),
            country=country,
        )
        for pk, key, country in people.values_list("pk", "sort_key", "country")
    }


def companies_seen(ids: Collection[int]) -> dict[int, Seen]:
    """What is compared of companies; two queries for any number."""
    owned = live_parts(CompanyDomain, company_id__in=ids, is_shared=False)
    domains: defaultdict[int, set[str]] = defaultdict(set)
    for pk, domain in owned.values_list("company_id", "domain"):
        domains[pk].add(bare_web(domain))
    firms = Company.objects.filter(pk__in=ids, deleted_at__isnull=True, merged_into__isnull=True)
    return {
        pk: Seen(
            name=bare_firm(key),
            domains=frozenset(domains[pk]),
            country=country,
        )
        for pk, key, country in firms.values_list("pk", "sort_key", "country")
    }


def _parts_of(
    model: type[Model], owner: str, column: str, ids: Collection[int]
) -> defaultdict[int, set[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    rows = live_parts(model, **{f"{owner}__in": ids}).exclude(**{f"{column}__isnull": True})
    for pk, text in rows.values_list(owner, column):
        found[pk].add(text)
    return found
