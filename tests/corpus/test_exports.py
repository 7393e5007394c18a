"""The usual exports of other systems: each column that has a field is known, and what they hold is
here afterwards as it was there."""

from datetime import UTC, datetime

import pytest

from tandem.consent.actions import suppress
from tandem.consent.models import ConsentEvent, Suppression
from tandem.consent.queries import consent_of
from tandem.consent.rules import StopReason
from tandem.kernel.tables import sample_of, survey
from tandem.people.models import Company, Person
from tandem.records.actions import import_now, note_upload, revert_import
from tandem.records.models import ExternalId, TagLink
from tandem.records.schemas import ImportOptions
from tests.corpus import exports

pytestmark = pytest.mark.django_db

MAILCHIMP = {
    "email": "Email Address",
    "given": "First Name",
    "family": "Last Name",
    "phone": "Phone Number",
    "asked_at": "OPTIN_TIME",
    "asked_ip": "OPTIN_IP",
    "consent_at": "CONFIRM_TIME",
    "consent_ip": "CONFIRM_IP",
    "country": "CC",
    "external_id": "EUID",
    "tags": "TAGS",
}
# name of the file: (kind, content, the column for each field)
FILES = {
    "hubspot-companies.csv": (
        "companies",
        exports.HUBSPOT_COMPANIES,
        {
            "external_id": "Record ID",
            "name": "Company name",
            "owner": "Company owner",
            "created_at": "Create Date",
            "country": "Country/Region",
            "industry": "Industry",
            "domain": "Company Domain Name",
            "size": "Number of Employees",
            "parent": "Parent Company",
        },
    ),
    "hubspot-contacts.csv": (
        "people",
        exports.HUBSPOT_CONTACTS,
        {
            "external_id": "Record ID",
            "given": "First Name",
            "family": "Last Name",
            "email": "Email",
            "phone": "Phone Number",
            "phone_2": "Mobile Phone Number",
            "owner": "Contact owner",
            "stage": "Lifecycle Stage",
            "created_at": "Create Date",
            "company_ids": "Associated Company IDs",
            "company": "Associated Company",
            "title": "Job Title",
            "country": "Country/Region",
            "opted_out": "Unsubscribed from all email",
        },
    ),
    "salesforce-accounts.csv": (
        "companies",
        exports.SALESFORCE_ACCOUNTS,
        {
            "external_id": "Account ID",
            "name": "Account Name",
            "parent": "Parent Account",
            "domain": "Website",
            "industry": "Industry",
            "size": "Employees",
            "country": "Billing Country",
            "owner": "Account Owner",
            "created_at": "Created Date",
        },
    ),
    "salesforce-contacts.csv": (
        "people",
        exports.SALESFORCE_CONTACTS,
        {
            "external_id": "Contact ID",
            "given": "First Name",
            "middle": "Middle Name",
            "family": "Last Name",
            "title": "Title",
            "company": "Account Name",
            "company_ids": "Account ID",
            "function": "Department",
            "country": "Mailing Country",
            "phone": "Phone",
            "phone_2": "Mobile",
            "email": "Email",
            "owner": "Contact Owner",
            "opted_out": "Email Opt Out",
            "created_at": "Created Date",
        },
    ),
    "pipedrive-people.xlsx": (
        "people",
        exports.PIPEDRIVE_PEOPLE,
        {
            "external_id": "Person - ID",
            "name": "Person - Name",
            "company": "Person - Organization",
            "email": "Person - Email - Work",
            "email_2": "Person - Email - Home",
            "phone": "Person - Phone - Work",
            "phone_2": "Person - Phone - Mobile",
            "owner": "Person - Owner",
            "tags": "Person - Labels",
            "created_at": "Person - Person created",
            "consent": "Person - Marketing status",
            "title": "Person - Job title",
        },
    ),
    "pipedrive-organizations.csv": (
        "companies",
        exports.PIPEDRIVE_ORGANIZATIONS,
        {
            "external_id": "Organization - ID",
            "name": "Organization - Name",
            "owner": "Organization - Owner",
            "tags": "Organization - Labels",
            "domain": "Organization - Website",
            "created_at": "Organization - Organization created",
            "industry": "Organization - Industry",
            "size": "Organization - Number of employees",
        },
    ),
    "subscribed_members_export.csv": ("people", exports.MAILCHIMP_SUBSCRIBED, MAILCHIMP),
    "unsubscribed_members_export.csv": (
        "people",
        exports.MAILCHIMP_UNSUBSCRIBED,
        {**MAILCHIMP, "withdrawn_at": "UNSUB_TIME", "withdrawn_why": "UNSUB_REASON"},
    ),
    "cleaned_members_export.csv": (
        "people",
        exports.MAILCHIMP_CLEANED,
        {**MAILCHIMP, "bounced_at": "CLEAN_TIME"},
    ),
    "google.csv": (
        "people",
        exports.GOOGLE,
        {
            "given": "First Name",
            "middle": "Middle Name",
            "family": "Last Name",
            "company": "Organization Name",
            "title": "Organization Title",
            "function": "Organization Department",
            "tags": "Labels",
            "email": "E-mail 1 - Value",
            "email_2": "E-mail 2 - Value",
            "phone": "Phone 1 - Value",
            "phone_2": "Phone 2 - Value",
            "country": "Address 1 - Country",
            "domain": "Website 1 - Value",
        },
    ),
    "google-old.csv": (
        "people",
        exports.GOOGLE_OLD,
        {
            "name": "Name",
            "given": "Given Name",
            "middle": "Additional Name",
            "family": "Family Name",
            "tags": "Group Membership",
            "email": "E-mail 1 - Value",
            "phone": "Phone 1 - Value",
            "company": "Organization 1 - Name",
            "title": "Organization 1 - Title",
            "function": "Organization 1 - Department",
        },
    ),
}


@pytest.fixture
def note(system, tmp_path):
    def run(name, *, content=None, does_remember=False, mapping=None):
        kind, given, _mapping = FILES.get(name, ("people", content, {}))
        raw = content or given
        path = tmp_path / name
        path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        found = survey(path, name=name)
        return note_upload(
            system,
            kind=kind,
            name=name,
            of=found,
            options=ImportOptions(time_zone="UTC", source="crm", mapping=mapping or {}),
            sample=sample_of(path, found),
            does_remember=does_remember,
        )

    return run


@pytest.fixture
def bring(system, tmp_path, note):
    def run(name, **given):
        return import_now(system, note(name, **given), path=tmp_path / name)

    return run


@pytest.fixture
def priya(make_user):
    return make_user("seller", name="Priya Nair")


def told(run):
    return {one["code"]: one["count"] for one in run.report["warnings"]}


def jobs(person):
    live = person.employments.filter(deleted_at__isnull=True).order_by("-is_primary", "pk")
    return [(one.company.name, one.title, one.function, one.is_primary) for one in live]


def held(person):
    found = consent_of(person.pk, "email", "news", "marketing")
    return found.state if found else None


def tags_of(person):
    links = TagLink.objects.filter(kind="person", record_id=person.pk)
    return sorted(links.values_list("tag__name", flat=True))


@pytest.mark.parametrize("name", FILES)
def test_every_column_that_has_a_field_is_known(note, name):
    assert note(name).mapping == FILES[name][2]


@pytest.mark.parametrize("name", FILES)
def test_what_was_set_for_columns_is_remembered(bring, note, name):
    mapping = dict(FILES[name][2])
    left_out = next(key for key in reversed(mapping) if key not in ("name", "email"))
    bring(name, mapping={left_out: None})
    del mapping[left_out]
    assert note(name, does_remember=True).mapping == mapping


def test_hubspot(bring, priya, system):
    assert bring("hubspot-companies.csv").report["created"] == 2
    bell = Company.objects.get(name="Bell & Sons")
    assert (bell.parent.name, bell.owner_id, bell.size_band) == (
        "Bell Holding",
        priya.pk,
        "50-249",
    )
    run = bring("hubspot-contacts.csv")
    assert (run.report["created"], run.report["related"]["companies"]) == (2, {"created": 1})
    ann, ben = Person.objects.order_by("pk")
    # The second of the ids is of a company that was only named here: it is known by it from now on.
    assert jobs(ann) == [("Bell & Sons", "CEO", "", True), ("Möwe GmbH", "", "", False)]
    assert jobs(ben) == [("Bell Holding", "", "", True)]
    assert ExternalId.objects.get(kind="company", value="9009").record_id == (
        Company.objects.get(name="Möwe GmbH").pk
    )
    assert ann.created_at == datetime(2024, 1, 31, 10, tzinfo=UTC)
    assert held(ann) is None
    assert held(ben) == "withdrawn"
    assert Suppression.objects.get().address == "ben@bell.example"
    again = bring("hubspot-contacts.csv")
    assert (again.report["skipped"], again.report["failed"]) == (2, 0)
    before = Company.objects.filter(deleted_at__isnull=True).count()
    assert revert_import(system, run.public_id)["people"] == 2
    assert Company.objects.filter(deleted_at__isnull=True).count() == before - 1
    assert not ExternalId.objects.filter(value="9009").exists()


def test_salesforce(bring, priya):
    bring("salesforce-accounts.csv")
    run = bring("salesforce-contacts.csv")
    assert (run.report["created"], run.report["related"]["companies"]) == (2, {"created": 0})
    ann, ben = Person.objects.order_by("pk")
    assert (ann.name, ann.given_name, ann.family_name) == ("Ann M. Bell", "Ann M.", "Bell")
    assert jobs(ann) == [("Bell & Sons", "CEO", "Board", True)]
    assert jobs(ben) == [("Bell Holding", "", "", True)]
    assert (ann.country, ann.phones.get().normalized) == ("DE", "+4930123456")
    # The first row alone leaves it open which comes first; the 31st says it.
    assert [one.created_at.date().isoformat() for one in (ann, ben)] == ["2024-01-31", "2024-02-02"]
    assert Company.objects.get(name="Bell & Sons").parent.name == "Bell Holding"
    assert Suppression.objects.get().address == "ben@bell.example"


@pytest.mark.parametrize("is_workbook", [True, False])
def test_pipedrive(bring, priya, is_workbook):
    if is_workbook:
        run = bring("pipedrive-people.xlsx")
    else:
        run = bring("pipedrive.csv", content=exports.PIPEDRIVE_AS_CSV)
    assert run.report["created"] == 2
    ann, ben = Person.objects.order_by("pk")
    assert ann.created_at == datetime(2024, 1, 31, 10, 30, tzinfo=UTC)
    assert ben.created_at == datetime(2024, 2, 1, tzinfo=UTC)
    assert sorted(ExternalId.objects.values_list("value", flat=True)) == ["7", "8"]
    if is_workbook:
        assert tags_of(ann) == ["Customer", "Hot lead"]
        assert sorted(ann.emails.values_list("normalized", flat=True)) == [
            "ann@bell.example",
            "ann@home.example",
        ]
        assert ann.phones.count() == 2
        assert ann.owner_id == priya.pk
        assert held(ann) == "granted"
        assert held(ben) == "withdrawn"


def test_mailchimp_evidence_is_in_the_ledger(bring):
    bring("subscribed_members_export.csv")
    ann, ben = Person.objects.order_by("pk")
    first, second = ConsentEvent.objects.order_by("pk").select_related("evidence")
    assert (first.person_id, first.state, first.at) == (
        ann.pk,
        "granted",
        datetime(2019, 3, 1, 9, 1, tzinfo=UTC),
    )
    assert (first.evidence.ip, first.evidence.note) == (
        "192.0.2.9",
        "signed up 2019-03-01 08:59:00 UTC 192.0.2.1",
    )
    assert first.evidence.reference == "subscribed_members_export.csv 1"
    assert (second.person_id, second.evidence.ip, second.evidence.note) == (
        ben.pk,
        "192.0.2.2",
        "",
    )
    assert tags_of(ann) == ["Fair", "VIP"]
    assert (ann.country, ben.country) == ("DE", "GB")


def test_who_left_or_bounced_at_mailchimp_is_stopped_here_and_stays_so(bring):
    bring("unsubscribed_members_export.csv")
    bring("cleaned_members_export.csv")
    cid, dan = Person.objects.order_by("pk")
    event = ConsentEvent.objects.get(person_id=cid.pk)
    assert (event.state, event.at) == ("withdrawn", datetime(2023, 4, 5, 6, 7, 8, tzinfo=UTC))
    assert event.evidence.note == "Too often"
    assert not ConsentEvent.objects.filter(person_id=dan.pk).exists()
    stops = Suppression.objects.order_by("pk").values_list("address", "reason")
    assert list(stops) == [
        ("cid@bell.example", StopReason.UNSUBSCRIBED),
        ("dan@bell.example", StopReason.BOUNCED),
    ]
    # A list that still calls them subscribed does not bring them back.
    old = exports.MAILCHIMP_SUBSCRIBED.replace("ann@", "cid@").replace("ben@", "dan@")
    run = bring("old.csv", content=old)
    assert told(run)["consent_not_revived"] == 2
    assert held(cid) == "withdrawn"
    assert held(dan) is None
    assert Suppression.objects.filter(deleted_at__isnull=True).count() == 2


def test_whoever_was_stopped_here_before_stays_stopped(bring, system):
    suppress(system, address="ann@bell.example", reason=StopReason.MANUAL)
    run = bring("subscribed_members_export.csv")
    assert told(run)["consent_not_revived"] == 1
    ann = Person.objects.get(emails__normalized="ann@bell.example")
    assert held(ann) is None


@pytest.mark.parametrize("name", ["google.csv", "google-old.csv"])
def test_google(bring, name):
    run = bring(name)
    assert run.report["created"] == 1
    (ann,) = Person.objects.all()
    is_new = name == "google.csv"
    assert ann.name == ("Ann Maria Bell" if is_new else "Ann M. Bell")
    assert jobs(ann) == [("Bell & Sons", "CEO", "Board", True)]
    assert tags_of(ann) == (["Fair", "VIP"] if is_new else ["Fair"])
    mails = ["ann@bell.example", *(["ann@home.example", "ann@sons.example"] if is_new else [])]
    assert sorted(ann.emails.values_list("normalized", flat=True)) == mails
    assert ann.phones.count() == (2 if is_new else 1)
