"""Several addresses, numbers, domains and jobs: one main one, taken back, refused, told."""

from datetime import date

import pytest

from tandem.kernel.errors import Missing, Refused
from tandem.kernel.undo import UndoConflict, undo
from tandem.people import errors
from tandem.people.actions import (
    add_domain,
    add_email,
    add_employment,
    add_phone,
    change_domain_of,
    change_email,
    change_employment,
    change_person,
    change_phone_number,
    create_person,
    employ,
    remove_domain,
    remove_email,
    remove_employment,
    remove_phone,
)
from tandem.people.models import (
    CompanyDomain,
    Employment,
    Person,
    PersonEmail,
    PersonPhone,
)
from tandem.people.queries import (
    jobs_of,
    people_at,
    people_before,
    people_visible_to,
    search_people,
)
from tandem.people.schemas import (
    ChangeDomain,
    ChangeEmployment,
    ChangePerson,
    ChangeReach,
    NewDomain,
    NewEmail,
    NewEmployment,
    NewPerson,
    NewPhone,
)
from tandem.timeline.models import TimelineEntry
from tests.people.conftest import last_done

pytestmark = pytest.mark.django_db

MAIN = ChangeReach(is_primary=True)


@pytest.fixture
def ann(add):
    return add("Ann Lee", email="ann@lee.example", phone="+442071838750", country="GB")


def mails(person):
    rows = PersonEmail.objects.filter(person=person, deleted_at__isnull=True).order_by("pk")
    return [(one.address, one.is_primary, one.status) for one in rows]


def told(person):
    rows = TimelineEntry.objects.filter(subject_kind="person", subject_id=person.pk)
    return list(rows.order_by("id").values_list("kind", flat=True))


def test_a_second_address_is_found_by_search_and_can_become_the_main_one(admin, ann):
    made = add_email(admin, ann.public_id, data=NewEmail(address="Ann.Lee@Work.example"))
    assert mails(ann) == [("ann@lee.example", True, "ok"), ("Ann.Lee@Work.example", False, "ok")]
    found = search_people(people_visible_to(admin), "ann.lee@work")
    assert list(found) == [ann]
    change_email(admin, ann.public_id, made.pk, data=MAIN)
    assert mails(ann) == [("ann@lee.example", False, "ok"), ("Ann.Lee@Work.example", True, "ok")]
    assert told(ann) == ["people.created", "people.email_added", "people.email_main"]
    assert Person.objects.get(pk=ann.pk).row_version == ann.row_version + 2


def test_the_same_address_again_is_no_change(admin, ann):
    again = add_email(admin, ann.public_id, data=NewEmail(address="ANN@lee.example"))
    assert mails(ann) == [("ann@lee.example", True, "ok")]
    assert again.is_primary
    assert told(ann) == ["people.created"]


def test_an_address_of_another_is_refused_and_nothing_changes(admin, ann, add):
    ben = add("Ben", email="ben@lee.example")
    with pytest.raises(errors.AddressTaken):
        add_email(admin, ann.public_id, data=NewEmail(address="ben@lee.example"))
    assert mails(ann) == [("ann@lee.example", True, "ok")]
    assert mails(ben) == [("ben@lee.example", True, "ok")]
    assert told(ann) == ["people.created"]


def test_what_is_known_of_an_address_is_kept_and_undone(admin, ann):
    [mail] = PersonEmail.objects.filter(person=ann)
    change_email(admin, ann.public_id, mail.pk, data=ChangeReach(status="bounced"))
    assert mails(ann) == [("ann@lee.example", True, "bounced")]
    undo(admin, last_done())
    assert mails(ann) == [("ann@lee.example", True, "ok")]


def test_of_what_is_left_the_oldest_becomes_the_main_one_and_undo_brings_all_back(admin, ann):
    for address in ("b@lee.example", "c@lee.example"):
        add_email(admin, ann.public_id, data=NewEmail(address=address))
    before = mails(ann)
    first = PersonEmail.objects.get(address="ann@lee.example")
    remove_email(admin, ann.public_id, first.pk)
    assert mails(ann) == [("b@lee.example", True, "ok"), ("c@lee.example", False, "ok")]
    assert not search_people(people_visible_to(admin), "ann@lee.example").exists()
    undo(admin, last_done())
    assert mails(ann) == before
    assert list(search_people(people_visible_to(admin), "ann@lee.example")) == [ann]


def test_a_removed_address_is_free_for_another_and_its_undo_says_so(admin, ann, add):
    [mail] = PersonEmail.objects.filter(person=ann)
    remove_email(admin, ann.public_id, mail.pk)
    removal = last_done()
    ben = add("Ben", email="ann@lee.example")
    with pytest.raises(UndoConflict, match=r"ann@lee\.example"):
        undo(admin, removal)
    assert mails(ann) == []
    assert mails(ben) == [("ann@lee.example", True, "ok")]


def test_numbers_are_read_as_of_the_country_and_kept_once(admin, ann):
    made = add_phone(admin, ann.public_id, data=NewPhone(number="0161 496 0000"))
    again = add_phone(admin, ann.public_id, data=NewPhone(number="+44 161 4960000"))
    assert (made.normalized, made.number, made.is_primary) == (
        "+441614960000",
        "+44 161 496 0000",
        False,
    )
    assert again.pk == made.pk
    with pytest.raises(errors.PhoneInvalid):
        add_phone(admin, ann.public_id, data=NewPhone(number="12"))
    change_phone_number(admin, ann.public_id, made.pk, data=MAIN)
    rows = PersonPhone.objects.filter(deleted_at__isnull=True).order_by("pk")
    assert [one.is_primary for one in rows] == [False, True]
    remove_phone(admin, ann.public_id, made.pk)
    assert [one.is_primary for one in PersonPhone.objects.filter(deleted_at__isnull=True)] == [True]


def test_domains_are_unique_but_free_mail_is_shared(admin, add_firm):
    hall, oak = add_firm("Hall", domain="hall.example"), add_firm("Oak", domain="oak.example")
    with pytest.raises(errors.DomainTaken):
        add_domain(admin, oak.public_id, data=NewDomain(domain="hall.example"))
    for firm in (hall, oak):
        made = add_domain(admin, firm.public_id, data=NewDomain(domain="www.gmail.com"))
        assert (made.domain, made.is_shared, made.is_primary) == ("gmail.com", True, False)
    second = add_domain(admin, hall.public_id, data=NewDomain(domain="hall.co.uk"))
    change_domain_of(admin, hall.public_id, second.pk, data=ChangeDomain(is_primary=True))
    main = CompanyDomain.objects.filter(company=hall, is_primary=True)
    assert [one.domain for one in main] == ["hall.co.uk"]
    remove_domain(admin, hall.public_id, second.pk)
    main = CompanyDomain.objects.filter(company=hall, is_primary=True, deleted_at__isnull=True)
    assert [one.domain for one in main] == ["hall.example"]


def test_who_changes_job_is_seen_at_both_companies(admin, ann, add_firm):
    hall, oak = add_firm("Hall"), add_firm("Oak")
    first = NewEmployment(
        company="Hall", title="Buyer", seniority="senior", started_on="2020-01-02"
    )
    add_employment(admin, ann.public_id, data=first)
    second = NewEmployment(company="Oak", title="Head", started_on="2024-05-06", ends_current=True)
    add_employment(admin, ann.public_id, data=second)
    jobs = [
        (one.company.name, one.title, one.started_on, one.ended_on, one.is_primary)
        for one in jobs_of(admin, ann.public_id)
    ]
    assert jobs == [
        ("Oak", "Head", date(2024, 5, 6), None, True),
        ("Hall", "Buyer", date(2020, 1, 2), date(2024, 5, 6), False),
    ]
    assert [list(people_at(admin, firm.pk)) for firm in (hall, oak)] == [[], [ann]]
    assert [list(people_before(admin, firm.pk)) for firm in (hall, oak)] == [[ann], []]
    undo(admin, last_done())
    assert [list(people_at(admin, firm.pk)) for firm in (hall, oak)] == [[ann], []]
    assert list(people_before(admin, hall.pk)) == []


def test_a_new_job_from_today_ends_the_one_before(admin, ann, add_firm):
    add_firm("Hall")
    add_employment(admin, ann.public_id, data=NewEmployment(company="Hall", title="Buyer"))
    employ(admin, ann.public_id, company="Oak", title="Head", function="buying")
    now = jobs_of(admin, ann.public_id)[0]
    assert (now.company.name, now.function, now.is_primary) == ("Oak", "buying", True)
    assert Employment.objects.filter(ended_on__isnull=True).count() == 1


def test_two_jobs_at_once_have_one_main_one(admin, ann):
    one = add_employment(admin, ann.public_id, data=NewEmployment(company="Hall"))
    two = add_employment(admin, ann.public_id, data=NewEmployment(company="Oak"))
    assert (one.is_primary, two.is_primary) == (True, False)
    change_employment(admin, ann.public_id, two.pk, data=ChangeEmployment(is_primary=True))
    assert list(Employment.objects.filter(is_primary=True)) == [two]
    change_employment(admin, ann.public_id, two.pk, data=ChangeEmployment(ended_on="2025-01-01"))
    assert list(Employment.objects.filter(is_primary=True)) == [one]
    remove_employment(admin, ann.public_id, one.pk)
    assert not Employment.objects.filter(is_primary=True, deleted_at__isnull=True).exists()


def test_a_job_that_ends_before_it_began_or_says_nothing_is_refused(admin, ann):
    job = add_employment(
        admin, ann.public_id, data=NewEmployment(title="Buyer", started_on="2024-05-06")
    )
    for wrong, error in (
        ({"ended_on": "2024-05-05"}, errors.DatesTurned),
        ({"title": None}, errors.JobEmpty),
    ):
        with pytest.raises(error):
            change_employment(admin, ann.public_id, job.pk, data=ChangeEmployment(**wrong))
    job.refresh_from_db()
    assert (job.title, job.ended_on, job.is_primary) == ("Buyer", None, True)


def test_what_belongs_to_another_or_is_hidden_or_out_of_sight_is_not_there(
    admin, make_actor, ann, add
):
    ben = add("Ben", email="ben@lee.example")
    [mail] = PersonEmail.objects.filter(person=ben)
    with pytest.raises(Missing):
        remove_email(admin, ann.public_id, mail.pk)
    with pytest.raises(Refused):
        add_email(make_actor("viewer"), ann.public_id, data=NewEmail(address="x@lee.example"))
    assert mails(ann) == [("ann@lee.example", True, "ok")]
    assert mails(ben) == [("ben@lee.example", True, "ok")]


def test_fields_of_the_job_and_the_parts_of_the_name_are_changed_like_others(admin, ann):
    data = ChangePerson(
        function="buying",
        seniority="director",
        salutation="Dr",
        family_name="Lee-Hall",
        language="EN_gb",
        time_zone="Europe/London",
    )
    change_person(admin, ann.public_id, data=data)
    ann.refresh_from_db()
    job = Employment.objects.get(person=ann)
    assert (job.function, job.seniority, job.is_primary) == ("buying", "director", True)
    assert (ann.salutation, ann.given_name, ann.family_name) == ("Dr", "Ann", "Lee-Hall")
    assert (ann.locale, ann.time_zone) == ("en-GB", "Europe/London")
    undo(admin, last_done())
    ann.refresh_from_db()
    assert (ann.salutation, ann.family_name, ann.locale, ann.time_zone) == ("", "Lee", "", "")
    assert not Employment.objects.exists()


def test_a_person_is_made_with_all_of_it(admin):
    data = NewPerson(name="Zoe Hill", given_name="Zoë", language="fr", function="it")
    person, _new = create_person(admin, data=data)
    assert (person.given_name, person.family_name, person.locale) == ("Zoë", "Hill", "fr")
    assert Employment.objects.get(person=person).function == "it"
