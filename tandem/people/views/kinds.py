"""Persons and companies as kinds of record, and their entries in the navigation."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from babel import Locale
from django.utils.translation import gettext_lazy

from tandem.accounts.schemas import countries, time_zones
from tandem.kernel.actor import Actor
from tandem.people import actions, queries
from tandem.people.models import (
    SIZE_LABELS,
    Company,
    CompanyDomain,
    Employment,
    Person,
    PersonEmail,
    PersonPhone,
)
from tandem.people.rules import sort_key
from tandem.people.schemas import (
    ChangeCompany,
    ChangePerson,
    CompanyOut,
    NewCompany,
    NewPerson,
    PersonOut,
    RefOut,
)
from tandem.people.views.stories import country_name, job_name
from tandem.records.slots import (
    OBJECT_TYPES,
    Alike,
    Bulk,
    Choice,
    Field,
    FieldType,
    Merging,
    ObjectType,
    Permissions,
    Privacy,
    Relation,
    relate,
)
from tandem.timeline.queries import Touch, last_touches
from tandem.ui import navigation
from tandem.ui.formats import locale
from tandem.ui.navigation import NavItem, Section

PERMISSIONS = Permissions(
    view="people.view", create="people.create", edit="people.edit", delete="people.delete"
)


def country_choices() -> list[Choice]:
    """Countries by name in the reader's language."""
    return list(_countries_in(locale()))


@lru_cache(maxsize=64)
def _countries_in(_reader: Locale) -> Sequence[Choice]:
    known = [(code, country_name(code)) for code in countries()]
    return [Choice(code, name) for code, name in sorted(known, key=lambda pair: sort_key(pair[1]))]


def size_choices() -> list[Choice]:
    """Size bands, the smallest first."""
    return [Choice(str(band), label) for band, label in SIZE_LABELS.items()]


def zone_choices() -> list[Choice]:
    """Time zones by name."""
    return list(_zones())


@lru_cache(maxsize=1)
def _zones() -> Sequence[Choice]:
    return [Choice(zone, zone.replace("_", " ")) for zone in time_zones()]


def _touches(kind: str, actor: Actor, rows: Sequence[Any]) -> Mapping[int, Touch]:
    return last_touches(actor, kind, [row.pk for row in rows])


def _moment(touch: Touch) -> datetime:
    return touch.at


_PERSON_TOUCHES = partial(_touches, "person")
_COMPANY_TOUCHES = partial(_touches, "company")


def _people_counts(actor: Actor, rows: Sequence[Any]) -> Mapping[int, int]:
    return queries.people_counts(actor, [row.pk for row in rows])


def _all_addresses(actor: Actor, rows: Sequence[Any]) -> Mapping[int, str]:
    return queries.addresses_of([row.pk for row in rows])


def _parents(actor: Actor, rows: Sequence[Any]) -> Mapping[int, str]:
    jobs = {row.pk: row.primary_job for row in rows}
    firms = {pk: job.company_id for pk, job in jobs.items() if job is not None and job.company_id}
    names = queries.parent_names(actor, set(firms.values()))
    return {pk: names[firm] for pk, firm in firms.items() if firm in names}


_NAMED = gettext_lazy("Name and language")

# --- persons --------------------------------------------------------------------------------------


def _person_subtitle(person: Person) -> str:
    job = person.primary_job
    if job is None:
        return person.primary_email.address if person.primary_email else ""
    return job_name(job.title, job.company.name if job.company else "")


def person_output(person: Person) -> dict[str, Any]:
    """A person as the API answers it."""
    job = person.primary_job
    return PersonOut(
        id=person.public_id,
        name=person.name,
        email=person.primary_email.address if person.primary_email else None,
        phone=person.primary_phone.number if person.primary_phone else None,
        title=(job.title or None) if job else None,
        company=RefOut.of(job.company) if job else None,
        owner=RefOut.of(person.owner),
        country=person.country or None,
        function=(job.function or None) if job else None,
        seniority=(job.seniority or None) if job else None,
        salutation=person.salutation or None,
        given_name=person.given_name or None,
        family_name=person.family_name or None,
        language=person.locale or None,
        time_zone=person.time_zone or None,
        created_at=person.created_at,
        updated_at=person.updated_at,
        version=person.row_version,
    ).model_dump()


_T = FieldType

PERSON = ObjectType(
    kind="person",
    slug="people",
    model=Person,
    label=gettext_lazy("Person"),
    label_plural=gettext_lazy("People"),
    icon="users",
    shortcut="p",
    permissions=PERMISSIONS,
    fields=(
        Field(
            "name",
            gettext_lazy("Name"),
            _T.TEXT,
            sort="sort_key",
            is_editable=True,
            width="w-name",
            privacy=Privacy.PERSONAL,
        ),
        Field(
            "email",
            gettext_lazy("Mail"),
            _T.EMAIL,
            source="primary_email__address",
            sort="primary_email__normalized",
            is_editable=True,
            privacy=Privacy.PERSONAL,
            also=("emails",),
        ),
        Field(
            "phone",
            gettext_lazy("Phone"),
            _T.PHONE,
            source="primary_phone__number",
            sort="primary_phone__normalized",
            is_editable=True,
            width="w-mid",
            privacy=Privacy.PERSONAL,
        ),
        Field(
            "title",
            gettext_lazy("Title"),
            _T.TEXT,
            source="primary_job__title",
            is_editable=True,
            width="w-mid",
        ),
        Field(
            "company",
            gettext_lazy("Company"),
            _T.RECORD,
            source="primary_job__company__name",
            sort="primary_job__company__sort_key",
            is_editable=True,
            also=("parent_company",),
        ),
        Field(
            "function",
            gettext_lazy("Function"),
            _T.TEXT,
            source="primary_job__function",
            is_editable=True,
            width="w-mid",
        ),
        Field(
            "seniority",
            gettext_lazy("Seniority"),
            _T.TEXT,
            source="primary_job__seniority",
            is_editable=True,
            width="w-mid",
        ),
        Field(
            "owner",
            gettext_lazy("Owner"),
            _T.USER,
            sort="owner__name",
            is_editable=True,
            width="w-name",
        ),
        Field(
            "country",
            gettext_lazy("Country"),
            _T.CHOICE,
            choices=country_choices,
            is_editable=True,
            width="w-mid",
        ),
        Field(
            "salutation",
            gettext_lazy("Salutation"),
            _T.TEXT,
            is_editable=True,
            width="w-mid",
            privacy=Privacy.PERSONAL,
            group=_NAMED,
        ),
        Field(
            "given_name",
            gettext_lazy("Given name"),
            _T.TEXT,
            is_editable=True,
            width="w-mid",
            privacy=Privacy.PERSONAL,
            group=_NAMED,
        ),
        Field(
            "family_name",
            gettext_lazy("Family name"),
            _T.TEXT,
            is_editable=True,
            width="w-mid",
            privacy=Privacy.PERSONAL,
            group=_NAMED,
        ),
        Field(
            "language",
            gettext_lazy("Speaks"),
            _T.TEXT,
            source="locale",
            is_editable=True,
            width="w-mid",
            group=_NAMED,
        ),
        Field(
            "time_zone",
            gettext_lazy("Time zone"),
            _T.CHOICE,
            choices=zone_choices,
            is_editable=True,
            width="w-mid",
            group=_NAMED,
        ),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field(
            "emails",
            gettext_lazy("All addresses"),
            _T.TEXT,
            load=_all_addresses,
            is_filterable=False,
            privacy=Privacy.PERSONAL,
        ),
        Field(
            "parent_company",
            gettext_lazy("Parent company"),
            _T.TEXT,
            load=_parents,
            is_filterable=False,
            width="w-mid",
        ),
        Field(
            "last_touch",
            gettext_lazy("Last touch"),
            _T.TOUCH,
            load=_PERSON_TOUCHES,
            is_filterable=False,
        ),
        Field(
            "when",
            gettext_lazy("When"),
            _T.MOMENT,
            load=_PERSON_TOUCHES,
            pick=_moment,
            is_filterable=False,
            width="w-when",
        ),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
        Field("updated_at", gettext_lazy("Changed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "company", "title", "owner", "last_touch", "when"),
    default_sort="name",
    is_scoped=True,
    visible_to=queries.people_visible_to,
    prepare=queries.prepare_people,
    search=queries.search_people,
    first_found=queries.first_found,
    count_found=queries.count_found,
    name_of=lambda person: person.name,
    subtitle_of=_person_subtitle,
    subtitle_fields=("title", "company", "email"),
    told_by=(
        "name",
        "primary_job__title",
        "primary_job__company__name",
        "primary_job__company_id",
        "primary_email__address",
    ),
    searched_fields=("email", "phone"),
    new_fields=("name", "email", "phone", "company", "title", "owner"),
    input_schema=NewPerson,
    change_schema=ChangePerson,
    output_schema=PersonOut,
    output=person_output,
    create=actions.create_person,
    update=actions.change_person,
    delete=actions.delete_person,
    bulk=Bulk(
        fields=("owner", "country"),
        assign="people.assign",
        change=actions.change_people,
        to_change=actions.people_to_change,
        delete=actions.delete_people,
    ),
    match_keys=("email",),
    privacy=Privacy.PERSONAL,
    merging=Merging(
        parts={
            "email": PersonEmail,
            "phone": PersonPhone,
            "title": Employment,
            "company": Employment,
            "function": Employment,
            "seniority": Employment,
        },
        columns={"name": ("given_name", "family_name")},
        derive=actions.derive_people,
        alike=Alike(
            queries.PERSON_KEYS, queries.people_seen, queries.likely_people, is_person=True
        ),
    ),
)


# --- companies ------------------------------------------------------------------------------------


def _company_subtitle(company: Company) -> str:
    domain = company.primary_domain.domain if company.primary_domain else ""
    return ", ".join(filter(None, [company.industry, domain]))


def company_output(company: Company) -> dict[str, Any]:
    """A company as the API answers it."""
    return CompanyOut(
        id=company.public_id,
        name=company.name,
        domain=company.primary_domain.domain if company.primary_domain else None,
        industry=company.industry or None,
        size=company.size_band or None,
        country=company.country or None,
        parent=RefOut.of(company.parent),
        owner=RefOut.of(company.owner),
        created_at=company.created_at,
        updated_at=company.updated_at,
        version=company.row_version,
    ).model_dump()


COMPANY = ObjectType(
    kind="company",
    slug="companies",
    model=Company,
    label=gettext_lazy("Company"),
    label_plural=gettext_lazy("Companies"),
    icon="building",
    shortcut="c",
    permissions=PERMISSIONS,
    fields=(
        Field(
            "name",
            gettext_lazy("Name"),
            _T.TEXT,
            sort="sort_key",
            is_editable=True,
            width="w-name",
        ),
        Field(
            "domain",
            gettext_lazy("Domain"),
            _T.TEXT,
            source="primary_domain__domain",
            is_editable=True,
        ),
        Field("industry", gettext_lazy("Industry"), _T.TEXT, is_editable=True, width="w-mid"),
        Field(
            "size",
            gettext_lazy("Size"),
            _T.CHOICE,
            source="size_band",
            choices=size_choices,
            is_editable=True,
            width="w-chip",
        ),
        Field(
            "country",
            gettext_lazy("Country"),
            _T.CHOICE,
            choices=country_choices,
            is_editable=True,
            width="w-mid",
        ),
        Field(
            "parent",
            gettext_lazy("Belongs to"),
            _T.RECORD,
            source="parent__name",
            sort="parent__sort_key",
            is_editable=True,
            width="w-mid",
        ),
        Field(
            "owner",
            gettext_lazy("Owner"),
            _T.USER,
            sort="owner__name",
            is_editable=True,
            width="w-name",
        ),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field(
            "people",
            gettext_lazy("People"),
            _T.NUMBER,
            load=_people_counts,
            is_filterable=False,
            width="w-num",
        ),
        Field(
            "last_touch",
            gettext_lazy("Last touch"),
            _T.TOUCH,
            load=_COMPANY_TOUCHES,
            is_filterable=False,
        ),
        Field(
            "when",
            gettext_lazy("When"),
            _T.MOMENT,
            load=_COMPANY_TOUCHES,
            pick=_moment,
            is_filterable=False,
            width="w-when",
        ),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
        Field("updated_at", gettext_lazy("Changed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "domain", "industry", "people", "owner", "last_touch", "when"),
    default_sort="name",
    is_scoped=True,
    visible_to=queries.companies_visible_to,
    prepare=queries.prepare_companies,
    search=queries.search_companies,
    first_found=queries.first_found,
    count_found=queries.count_found,
    name_of=lambda company: company.name,
    subtitle_of=_company_subtitle,
    subtitle_fields=("industry", "domain"),
    told_by=("name", "industry", "primary_domain__domain"),
    searched_fields=("domain",),
    new_fields=("name", "domain", "industry", "country", "parent", "owner"),
    input_schema=NewCompany,
    change_schema=ChangeCompany,
    output_schema=CompanyOut,
    output=company_output,
    create=actions.create_company,
    update=actions.change_company,
    delete=actions.delete_company,
    bulk=Bulk(
        fields=("owner", "industry", "size", "country"),
        assign="people.assign",
        change=actions.change_companies,
        to_change=actions.companies_to_change,
        delete=actions.delete_companies,
    ),
    match_keys=("domain",),
    merging=Merging(
        parts={"domain": CompanyDomain},
        silent=("tier",),
        derive=actions.derive_companies,
        alike=Alike(
            queries.COMPANY_KEYS, queries.companies_seen, queries.likely_companies, is_person=False
        ),
    ),
    is_square=True,
)

relate(
    Relation(
        kind="person",
        key="company",
        label=gettext_lazy("Company"),
        to="company",
        own="primary_job__company_id",
        theirs="pk",
        field="company",
    ),
    Relation(
        kind="company",
        key="people",
        label=gettext_lazy("People"),
        to="person",
        own="pk",
        theirs="primary_job__company_id",
        field="people",
        their_field="company",
    ),
    Relation(
        kind="company",
        key="parent",
        label=gettext_lazy("Belongs to"),
        to="company",
        own="parent_id",
        theirs="pk",
        field="parent",
    ),
    Relation(
        kind="company",
        key="children",
        label=gettext_lazy("Companies below"),
        to="company",
        own="pk",
        theirs="parent_id",
        field="parent",
    ),
    Relation(
        kind="person",
        key="any_job",
        label=gettext_lazy("Works or worked at"),
        to="company",
        own="pk",
        theirs="any_job__person_id",
        field="company",
    ),
    Relation(
        kind="company",
        key="any_person",
        label=gettext_lazy("People now or before"),
        to="person",
        own="pk",
        theirs="any_job__company_id",
        field="people",
        their_field="company",
    ),
    Relation(
        kind="person",
        key="knows",
        label=gettext_lazy("Stands in a relationship to"),
        to="person",
        own="pk",
        theirs="ties_from__to_person_id",
        or_theirs="ties_to__from_person_id",
    ),
)

for object_type in (PERSON, COMPANY):
    OBJECT_TYPES.register(object_type.kind, object_type)

navigation.register(
    NavItem(
        key="people",
        label=gettext_lazy("People"),
        icon="users",
        url_name="records:list",
        args=("people",),
        section=Section.BOTH,
        order=10,
        permission="people.view",
        shortcut="p",
        tab=True,
    ),
    NavItem(
        key="companies",
        label=gettext_lazy("Companies"),
        icon="building",
        url_name="records:list",
        args=("companies",),
        section=Section.BOTH,
        order=20,
        permission="people.view",
        shortcut="c",
        tab=True,
    ),
)
