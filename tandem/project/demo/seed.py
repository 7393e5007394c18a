"""Filling in the demo company: what is there today through the actions of real input, the past
in bulk (``actions``)."""

import csv
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from django.utils import timezone
from pydantic import SecretStr

from tandem.accounts.actions import add_team, add_user, change_company_settings, set_members
from tandem.accounts.models import Team, User
from tandem.accounts.queries import actor_for, command_actor
from tandem.accounts.rules import Role, TeamKind
from tandem.accounts.schemas import CompanyInput, NewUser, TeamInput, TeamMembers, WorkingHours
from tandem.deals.actions import ensure_pipeline
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.models import ProgressRecord
from tandem.kernel.permissions import declared
from tandem.kernel.progress import Progress, tracking
from tandem.kernel.tables import survey
from tandem.lake.actions import flush
from tandem.people.actions import (
    add_email,
    add_employment,
    add_relationship,
    change_company,
    create_person,
)
from tandem.people.models import Company
from tandem.people.rules import Tie
from tandem.people.schemas import (
    ChangeCompany,
    NewCompany,
    NewEmail,
    NewEmployment,
    NewPerson,
    NewRelationship,
)
from tandem.project.demo.actions import Scene, write_past, write_visits
from tandem.project.demo.shop import make_segments, open_shop, plan_campaigns
from tandem.project.demo.words import FIRST, LAST, PLACES, TRADES
from tandem.project.demo.world import (
    COLUMNS,
    DUPLICATES,
    PEOPLE,
    SALES_LED,
    SEED,
    World,
    export_row,
    simulate,
)
from tandem.records.actions import (
    add_comment,
    add_field,
    add_tag,
    create_record,
    import_now,
    note_upload,
    save_view,
)
from tandem.records.schemas import (
    ImportOptions,
    NewComment,
    NewField,
    NewTag,
    NewView,
    OptionIn,
)
from tandem.records.slots import object_type
from tandem.revenue.actions import settle_deals

PASSWORD = "two wheels one ride"  # noqa: S105  (the demo's, printed when it starts)
DOMAIN = "thistleandtin.example"


@dataclass(frozen=True, slots=True)
class Colleague:
    """A user of the demo company."""

    key: str
    name: str
    role: Role
    title: str


COLLEAGUES = (
    Colleague("morag", "Morag Sinclair", Role.ADMIN, "Managing director"),
    Colleague("priya", "Priya Nair", Role.SELLER, "Trade sales"),
    Colleague("tom", "Tom Okafor", Role.SELLER, "Trade sales"),
    Colleague("isla", "Isla Fraser", Role.MARKETER, "Campaigns"),
    Colleague("hanna", "Hanna Lindqvist", Role.MARKETER, "Content"),
    Colleague("victor", "Victor Hale", Role.VIEWER, "Bookkeeping"),
)


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TITLES = (
    "Buyer",
    "Owner",
    "Shop manager",
    "Head of buying",
    "Category buyer",
    "Assistant buyer",
    "Co-owner",
    "Managing director",
    "Purchasing",
    "Accounts",
)
# How many people and companies have ties of their own.
KNIT = 40
_COUNTRIES = ("GB",) * 8 + ("IE", "DE", "FR", "NL", "SE", "DK")
_TAGS = ("Trade fair Harrogate", "Winter Tins", "Catalogue 2026", "Key account", "No phone")
_MARKETING_NOTES = (
    "Opened the trade price list twice this week; the catalogue goes out tomorrow.",
    "Came to the stand in Harrogate, took the sample set with the thistle motif.",
    "Asked for fewer mails: the monthly letter only, please.",
    "Downloaded the Christmas look book and stayed on the page for the tins.",
)
_SALES_NOTES = (
    "Wants shelf-ready tins before December, asked about the carriage terms.",
    "One central buyer for all shops. Decides together with the owner.",
    "Pays on thirty days, never late. The spring range is too small for them.",
    "Called: budget comes in March, wants to hear from us in February.",
)


MENTIONS = 6


def seed_demo(listener: Callable[[ProgressRecord], None] | None = None) -> None:
    """Fill in the demo company where it is not there, and print its sign-ins."""
    users = _users()
    if not Company.objects.exists():
        actor = actor_for(users["morag"])
        world = simulate(timezone.now())
        with tracking(
            actor,
            kind="project.demo",
            label="Demo company",
            unit="records",
            total=SALES_LED + PEOPLE + len(world.enquiries) + len(world.visits) + len(world.orders),
            listener=listener,
        ) as progress:
            people = fill_in(actor, users, progress)
            happen(users, people, world, progress)
    print(f"\nThistle & Tin Trading: sign in with the password “{PASSWORD}” as")  # noqa: T201
    for colleague in COLLEAGUES:
        address = f"{colleague.key}@{DOMAIN}"
        print(f"  {address:32} {colleague.name}, {colleague.title} ({colleague.role})")  # noqa: T201


def _users() -> dict[str, User]:
    found = {user.email: user for user in User.objects.get_queryset()}
    users = {}
    for colleague in COLLEAGUES:
        address = f"{colleague.key}@{DOMAIN}"
        users[colleague.key] = found.get(address) or add_user(
            command_actor(),
            NewUser(
                email=address,
                name=colleague.name,
                title=colleague.title,
                role=colleague.role,
                password=SecretStr(PASSWORD),
            ),
        )
    if not Team.objects.exists():
        _teams(users)
    return users


def _teams(users: dict[str, User]) -> None:
    for name, kind, members in (
        ("Trade sales", TeamKind.SALES, ("priya", "tom")),
        ("Marketing", TeamKind.MARKETING, ("isla", "hanna")),
    ):
        team = add_team(command_actor(), TeamInput(name=name, kind=kind))
        ids = tuple(users[key].public_id for key in members)
        set_members(command_actor(), team.public_id, TeamMembers(members=ids, leads=ids[:1]))
    change_company_settings(
        command_actor(),
        CompanyInput(
            name="Thistle & Tin Trading",
            base_currency="GBP",
            time_zone="Europe/London",
            default_country="GB",
            # Round the clock, so that a clock ticks whenever somebody looks at the demo.
            working_hours=WorkingHours(**dict.fromkeys(_DAYS, "00:00-24:00")),
        ),
    )


@action(permission="people.create")
def fill_in(actor: Actor, users: dict[str, User], progress: Progress) -> list[Any]:
    """Make companies, people, tags, comments and views, all in one change set; the people."""
    random = Random(SEED)  # noqa: S311  (simulation, not secrets)
    _fields(actor)
    companies = _companies(actor, random, users, progress)
    people = _people(actor, random, users, companies, progress)
    _ties(actor, people, companies)
    _twice(actor, people)
    _talk(random, users, people)
    _views(actor)
    return people


def happen(
    users: Mapping[str, User], people: Sequence[Any], world: World, progress: Progress
) -> None:
    """Open the shop, plan the campaigns and let the past happen."""
    marketer, simulation = actor_for(users["isla"]), job_actor("demo", frozenset(declared()))
    forms = open_shop(marketer)
    pipeline = ensure_pipeline(simulation)
    scene = Scene(
        people=people,
        users=users,
        forms=forms,
        campaigns=plan_campaigns(marketer, world.now.date(), forms),
        motion=pipeline.motion,
        pipeline=pipeline,
    )
    won = write_past(simulation, world=world, scene=scene)
    progress.advance(len(world.enquiries))
    write_visits(simulation, world=world, scene=scene)
    flush(simulation, waits=True)
    progress.advance(len(world.visits))
    settle_deals(simulation, won)
    sell(simulation, world)
    make_segments(marketer)
    progress.advance(len(world.orders))


def sell(actor: Actor, world: World) -> None:
    """Bring in the orders of the web shop, by the import that real files take."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "web-shop.csv"
        with path.open("w", newline="") as file:
            written = csv.writer(file)
            written.writerow(COLUMNS)
            written.writerows(map(export_row, world.orders))
        options = ImportOptions(currency="GBP", time_zone="Europe/London", source="web-shop")
        run = note_upload(actor, kind="orders", name=path.name, of=survey(path), options=options)
        import_now(actor, run, path=path)


def _fields(actor: Actor) -> None:
    """What this company wants to know beyond what Tandem asks."""
    for field in (
        NewField(
            kind="company",
            label="Terms",
            type="choice",
            choices=[
                OptionIn(label="30 days", tone="ok"),
                OptionIn(label="14 days"),
                OptionIn(label="Prepaid", tone="warn"),
            ],
        ),
        NewField(kind="company", label="Shops", type="number", help="How many they run."),
        NewField(kind="company", label="Credit limit", type="money", currency="GBP"),
        NewField(
            kind="person",
            label="Catalogue",
            type="choices",
            choices=[OptionIn(label="Printed"), OptionIn(label="By mail"), OptionIn(label="Trade")],
        ),
    ):
        add_field(actor, data=field)


def _terms(number: int) -> dict[str, Any]:
    """Terms, shops and limit of a company, by its number: most pay late, few have many shops."""
    if number % 7 == 0:
        return {}
    shops = 1 + (number * number) % 11
    return {
        "x_terms": ("30_days", "30_days", "14_days", "prepaid")[number % 4],
        "x_shops": shops,
        "x_credit_limit": 0 if number % 4 == 3 else 500 * shops,
    }


def _catalogues(number: int) -> dict[str, Any]:
    picked = (["printed"], ["by_mail"], [], ["printed", "trade"], ["by_mail"])[number % 5]
    return {"x_catalogue": picked}


def _companies(
    actor: Actor, random: Random, users: dict[str, User], progress: Progress
) -> list[Any]:
    made: list[Any] = []
    names: set[str] = set()
    while len(made) < SALES_LED:
        name = f"{random.choice(PLACES)} {random.choice(TRADES)}"
        if name in names:
            name = f"{random.choice(PLACES)} & {random.choice(LAST)} {random.choice(TRADES)}"
        if name in names:
            continue
        names.add(name)
        owner = random.choice(("priya", "tom", "priya", "tom", None))
        company, _is_new = create_record(
            actor,
            object_type("company"),
            fields=_terms(len(made)),
            data=NewCompany(
                name=name,
                domain=f"{name.lower().replace(' & ', '-').replace(' ', '-')}.example",
                country=random.choice(_COUNTRIES),
                owner=str(users[owner].public_id) if owner else None,
            ),
        )
        made.append(company)
        progress.advance()
    return made


def _people(
    actor: Actor,
    random: Random,
    users: dict[str, User],
    companies: list[Any],
    progress: Progress,
) -> list[Any]:
    made: list[Any] = []
    for number in range(PEOPLE):
        first, last = random.choice(FIRST), random.choice(LAST)
        company = companies[number % len(companies)]
        owner = random.choice(("priya", "tom", "isla", "hanna", None))
        address = f"{first}.{last}{number}".lower().replace("’", "").replace("i̇", "i")
        plain = address.encode("ascii", "ignore").decode()
        person, _is_new = create_record(
            actor,
            object_type("person"),
            fields=_catalogues(number),
            data=NewPerson(
                name=f"{first} {last}",
                email=f"{plain}@{DOMAIN.replace('thistleandtin', 'customers')}",
                phone=f"+44 1{random.randint(204, 599)} {random.randint(400000, 899999)}"
                if random.random() < 0.6
                else None,
                title=random.choice(_TITLES),
                company=company.name,
                country=company.country or None,
                owner=str(users[owner].public_id) if owner else None,
            ),
        )
        made.append(person)
        progress.advance()
    return made


def _ties(actor: Actor, people: Sequence[Any], companies: Sequence[Company]) -> None:
    """Who knows whom, who worked elsewhere before, who has a second address, groups of companies:
    by number, not by chance, so that what is simulated after it stays as it is."""
    words = (Tie.REPORTS_TO, Tie.WORKED_WITH, Tie.INTRODUCED_BY, Tie.ASSISTANT_OF, Tie.KNOWS)
    for at, person in enumerate(people[: 4 * KNIT : 4]):
        tie = NewRelationship(type=words[at % 5], person=str(people[4 * at + 2].public_id))
        add_relationship(actor, person.public_id, data=tie)
        mail = NewEmail(address=f"home{at}@friends.example")
        add_email(actor, person.public_id, data=mail)
        before = NewEmployment(
            company=str(companies[(at + 7) % len(companies)].public_id),
            title="Buyer",
            started_on=dt.date(2019, 3, 1),
            ended_on=dt.date(2022, 8, 31),
        )
        add_employment(actor, person.public_id, data=before)
    for top in companies[:KNIT:10]:
        for below in companies[companies.index(top) + 1 :][:3]:
            data = ChangeCompany(parent=str(top.public_id))
            change_company(actor, below.public_id, data=data)


def _twice(actor: Actor, people: Sequence[Any]) -> None:
    """Some people a second time, as they come from a trade fair's list: there for merging."""
    for number, person in enumerate(people[:DUPLICATES]):
        first, _space, last = person.name.partition(" ")
        create_person(
            actor,
            data=NewPerson(
                name=f"{first[0]}. {last}" if number % 2 else f"{first} {last[:-2]}{last[:-3:-1]}",
                email=f"trade{number}@fair-list.example",
                country=person.country or None,
            ),
        )


def _talk(random: Random, users: dict[str, User], people: list[Any]) -> None:
    """Both sides write about the same people: marketing first, then the seller who owns them."""
    person_type = object_type("person")
    sellers = {users[key].pk: users[key] for key in ("priya", "tom")}
    for number, person in enumerate(random.sample(people, 90)):
        marketer = actor_for(users[random.choice(("isla", "hanna"))])
        tag = NewTag(name=random.choice(_TAGS))
        add_tag(marketer, person_type, person.public_id, data=tag)
        note = NewComment(text=random.choice(_MARKETING_NOTES))
        add_comment(marketer, person_type, person.public_id, data=note)
        seller = sellers.get(person.owner_id)
        if seller is not None:
            text = random.choice(_SALES_NOTES)
            # A few are written to the other side, so that there is something in its bell.
            answer = NewComment(text=f"@{marketer.label}: {text}" if number < MENTIONS else text)
            add_comment(actor_for(seller), person_type, person.public_id, data=answer)


def _views(actor: Actor) -> None:
    person_type = object_type("person")
    for name, tree in (
        ("Needs me", {"field": "owner", "is": "any_of", "value": ["me", "nobody"]}),
        ("No phone", {"field": "phone", "is": "empty"}),
        ("New this week", {"field": "created_at", "is": "last_days", "value": 7}),
    ):
        save_view(
            actor,
            person_type,
            data=NewView(
                name=name,
                visibility="everyone",
                is_pinned=name == "Needs me",
                filters={"op": "and", "items": [tree]},
            ),
        )
    save_view(
        actor,
        object_type("company"),
        data=NewView(
            name="Terms and limits",
            visibility="everyone",
            filters={"field": "x_terms", "is": "not_empty"},
            sort="-x_credit_limit",
            columns=["name", "x_terms", "x_shops", "x_credit_limit", "owner"],
        ),
    )
