"""People from files: added once, found again, filled by the policy, taken back; nothing is lost."""

import csv
import gzip
from typing import Any

import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.tables import survey
from tandem.people.actions import change_person, record_stage
from tandem.people.models import (
    Company,
    Employment,
    LifecycleEvent,
    LifecycleState,
    Person,
    PersonEmail,
    PersonPhone,
)
from tandem.people.queries import people_visible_to, search_people
from tandem.people.rules import Stage
from tandem.people.schemas import ChangePerson
from tandem.records.actions import import_now, note_upload, revert_import
from tandem.records.errors import NothingRead
from tandem.records.models import ExternalId, ImportRun, ImportState, Tag, TagLink
from tandem.records.queries import results_path
from tandem.records.schemas import ImportOptions

pytestmark = pytest.mark.django_db

HEADER = "Record ID,First Name,Last Name,Email,Phone,Job Title,Company,Country,Tags"
ROWS = (
    "11,Siobhán,O'Rourke,Siobhan@Thistle.example,+44 1227 496014,Head of Ops,Thistle Ltd,UK,a;b",
    "12,Ann,Bell,ann@bell.example,,,Bell & Sons,,",
    "13,Ben,,ben@bell.example,020 7946 0018,,BELL & SONS,United Kingdom,a",
)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def load(system: Actor, tmp_path):
    """Import rows: ``load(ROWS)``, ``load(ROWS, by=actor, policy="overwrite")``."""

    def run(
        rows: Any,
        *,
        header: str = HEADER,
        by: Actor | None = None,
        is_trial: bool = False,
        **given: Any,
    ) -> ImportRun:
        path = tmp_path / "people.csv"
        path.write_bytes(rows if isinstance(rows, bytes) else "\n".join((header, *rows)).encode())
        actor = by or system
        options = ImportOptions.model_validate({"source": "crm", **given})
        noted = note_upload(actor, kind="people", name=path.name, of=survey(path), options=options)
        return import_now(actor, noted, path=path, is_trial=is_trial)

    return run


def counts(run: ImportRun) -> list[int]:
    return [run.report[name] for name in ("rows", "created", "updated", "skipped", "failed")]


def verdicts(run: ImportRun) -> list[tuple[str, str, str]]:
    with gzip.open(results_path(run), "rt") as file:
        return [(row["row"], row["verdict"], row["note"]) for row in csv.DictReader(file)]


def ids(run: ImportRun) -> dict[str, str]:
    with gzip.open(results_path(run), "rt") as file:
        return {row["row"]: row["id"] for row in csv.DictReader(file)}


def notices(run: ImportRun) -> dict[str, int]:
    return {one["code"]: one["count"] for one in run.report["warnings"]}


def held() -> tuple[int, ...]:
    parts = (Person, PersonEmail, PersonPhone, Employment, Company)
    return (
        *(model.objects.filter(deleted_at__isnull=True).count() for model in parts),
        TagLink.objects.count(),
        ExternalId.objects.count(),
    )


def test_people_are_added_with_what_belongs_to_them(load, system):
    run = load(ROWS)
    assert run.state == ImportState.DONE
    assert counts(run) == [3, 3, 0, 0, 0]
    ann = Person.objects.get(emails__normalized="siobhan@thistle.example")
    assert (ann.name, ann.given_name, ann.family_name) == (
        "Siobhán O'Rourke", "Siobhán", "O'Rourke"
    )  # fmt: skip
    assert (ann.country, ann.sort_key) == ("GB", "siobhan o'rourke")
    assert ann.emails.get().address == "Siobhan@Thistle.example"
    assert ann.phones.get().normalized == "+441227496014"
    job = ann.employments.get()
    assert (job.title, job.company.name) == ("Head of Ops", "Thistle Ltd")
    assert Person.objects.get(emails__normalized="ben@bell.example").phones.get().number == (
        "+44 20 7946 0018"
    )
    assert held() == (3, 3, 2, 3, 2, 3, 3)
    assert [row.name for row in search_people(people_visible_to(system), "orourke")] == [ann.name]


def test_the_same_file_again_changes_nothing(load):
    load(ROWS)
    before = held()
    run = load(ROWS)
    assert counts(run) == [3, 0, 0, 3, 0]
    assert held() == before
    assert {note for _row, _verdict, note in verdicts(run)} == {"says nothing new"}
    assert set(Person.objects.values_list("row_version", flat=True)) == {1}


def test_empty_fields_are_filled_and_others_stay(load, add):
    ann = add("Ann Bell", email="ann@bell.example", title="CEO")
    run = load(("9,Anna,Bell,ANN@bell.example,+44 1227 496014,CFO,Bell & Sons,UK,x",))
    assert counts(run) == [1, 0, 1, 0, 0]
    ann.refresh_from_db()
    assert (ann.name, ann.country, ann.row_version) == ("Ann Bell", "GB", 2)
    job = ann.employments.get()
    assert (job.title, job.company.name) == ("CEO", "Bell & Sons")
    assert verdicts(run) == [("1", "updated", "company, country, phone, tags")]


def test_a_file_that_overwrites_is_believed(load, add):
    ann = add("Ann Bell", email="ann@bell.example", title="CEO", country="DE")
    load(("9,Anna,Belle,ann@bell.example,,CFO,,,",), policy="overwrite")
    ann.refresh_from_db()
    assert (ann.name, ann.given_name, ann.family_name, ann.country) == (
        "Anna Belle", "Anna", "Belle", "DE"
    )  # fmt: skip
    assert ann.employments.get().title == "CFO"
    assert ann.sort_key == "anna belle"


def test_known_people_can_be_left_alone_and_unknown_ones_too(load, add):
    ann = add("Ann Bell", email="ann@bell.example")
    assert counts(load(ROWS, policy="create")) == [3, 2, 0, 1, 0]
    ann.refresh_from_db()
    assert ann.row_version == 1
    run = load(("99,New,One,new@one.example,,,,,",), policy="update")
    assert counts(run) == [1, 0, 0, 1, 0]
    assert verdicts(run) == [("1", "skipped", "is nobody who is here")]
    assert not PersonEmail.objects.filter(normalized="new@one.example").exists()


def test_rows_of_one_person_are_joined(load):
    run = load(
        (
            "21,Ann,Bell,ann@bell.example,,,,,",
            "22,,,ANN@BELL.example,,CFO,,UK,",
            "21,,,ann@home.example,,CEO,,,",
        )
    )
    assert counts(run) == [3, 1, 0, 2, 0]
    ann = Person.objects.get()
    assert (ann.country, ann.employments.get().title) == ("GB", "CFO")
    assert sorted(ann.emails.values_list("normalized", "is_primary")) == [
        ("ann@bell.example", True), ("ann@home.example", False)
    ]  # fmt: skip
    assert sorted(ExternalId.objects.values_list("value", "record_id")) == [
        ("21", ann.pk), ("22", ann.pk)
    ]  # fmt: skip
    assert notices(run)["rows_of_one_person"] == 2
    assert verdicts(run)[1:] == [
        ("2", "skipped", "the same person as row 1"), ("3", "skipped", "the same person as row 1")
    ]  # fmt: skip


def test_bad_rows_fail_alone_with_their_reason(load):
    run = load((*ROWS, "14,Bad,Mail,not a mail,,,,,", ",,,,+44 1227 496014,,,,"))
    assert counts(run) == [5, 3, 0, 0, 2]
    assert verdicts(run)[3:] == [
        ("4", "failed", "Mail address is no mail address"),
        ("5", "failed", "says neither a name nor an address"),
    ]


def test_a_bad_number_is_left_out_and_said(load):
    run = load(("1,Ann,Bell,ann@bell.example,12,,,,",))
    assert counts(run) == [1, 1, 0, 0, 0]
    assert notices(run) == {"left_out": 1}
    assert not PersonPhone.objects.exists()


def test_a_file_without_any_person_is_refused_whole(load):
    with pytest.raises(NothingRead):
        load(("1,,,nonsense,,,,,",))
    assert held() == (0, 0, 0, 0, 0, 0, 0)


def test_somebody_whom_one_may_not_see_is_neither_shown_nor_changed(
    load, add, make_actor, make_user
):
    hers = add("Ann Bell", email="ann@bell.example", owner=make_user("seller").email)
    seller = make_actor("seller")
    marketer = Actor(
        kind=seller.kind,
        label=seller.label,
        user_id=seller.user_id,
        permissions=seller.permissions | {"records.import"},
        scopes=seller.scopes,
        team_ids=seller.team_ids,
        source=seller.source,
    )
    run = load(ROWS, by=marketer)
    assert counts(run) == [3, 2, 0, 0, 1]
    assert verdicts(run)[1][1:] == ("failed", "is somebody whom you may not see")
    hers.refresh_from_db()
    assert hers.row_version == 1


def test_a_trial_says_the_same_and_writes_nothing(load, add):
    ann = add("Ann Bell", email="ann@bell.example")
    before = held()
    trial = load(ROWS, is_trial=True)
    assert trial.state == ImportState.PREVIEWED
    assert held() == before
    samples = {(one["line"], one["verdict"], one["name"]) for one in trial.report["samples"]}
    assert samples == {
        (1, "created", "Siobhán O'Rourke"), (3, "created", "Ben"), (2, "updated", "Ann Bell")
    }  # fmt: skip
    assert ids(trial) == {"1": "", "2": str(ann.public_id), "3": ""}
    done = load(ROWS)
    people = {str(pk) for pk in Person.objects.values_list("public_id", flat=True)}
    assert set(ids(done).values()) == people
    for key in ("created", "updated", "skipped", "failed", "related", "samples", "warnings"):
        assert done.report[key] == trial.report[key], key


def test_taken_back_leaves_the_tables_as_before(load, add, system):
    ann = add("Ann Bell", email="ann@bell.example", title="CEO")
    before = held()
    run = load(
        (*ROWS, "15,Ann,B,ann@bell.example,+44 1227 496014,CFO,New Ltd,UK,z"), policy="overwrite"
    )
    ann.refresh_from_db()
    assert ann.name == "Ann B"
    counted = revert_import(system, run.public_id)
    assert counted == {"people": 2, "changes": 1, "companies": 3, "kept": 0}
    assert held() == before
    ann.refresh_from_db()
    assert (ann.name, ann.country, ann.sort_key) == ("Ann Bell", "", "ann bell")
    assert ann.employments.get(deleted_at__isnull=True).title == "CEO"


def test_taking_back_keeps_what_people_changed_since(load, add, system, admin):
    ann = add("Ann Bell", email="ann@bell.example")
    run = load(ROWS, policy="overwrite")
    siobhan = Person.objects.get(emails__normalized="siobhan@thistle.example")
    change_person(admin, siobhan.public_id, data=ChangePerson(title="COO"))
    change_person(admin, ann.public_id, data=ChangePerson(name="Ann Mine"))
    counted = revert_import(system, run.public_id)
    assert (counted["people"], counted["kept"]) == (1, 1)
    siobhan.refresh_from_db()
    ann.refresh_from_db()
    assert (siobhan.deleted_at, ann.name) == (None, "Ann Mine")
    assert siobhan.employments.get().company.deleted_at is None
    assert siobhan.emails.get().deleted_at is None


# --- jobs -----------------------------------------------------------------------------------------

JOBS = "Name,Email,Company,Title,Department,Seniority,Job start date,Job end date"


def jobs(person: Person) -> list[tuple[Any, ...]]:
    rows = person.employments.filter(deleted_at__isnull=True).order_by("pk")
    return [
        (
            row.company.name if row.company else "",
            row.title,
            row.function,
            row.seniority,
            *(str(day) if day else "" for day in (row.started_on, row.ended_on)),
            row.is_primary,
        )
        for row in rows
    ]


def test_jobs_have_their_days_and_the_same_file_says_nothing_new(load):
    rows = (
        "Ann,ann@bell.example,Bell,CEO,Board,Executive,2020-04-01,",
        "Ben,ben@bell.example,Bell,Clerk,Sales,,01.02.2019,31.12.2022",
        "Cid,cid@bell.example,,,Sales,,,",
    )
    assert counts(load(rows, header=JOBS)) == [3, 3, 0, 0, 0]
    ann, ben, cid = Person.objects.order_by("pk")
    assert jobs(ann) == [("Bell", "CEO", "Board", "Executive", "2020-04-01", "", True)]
    assert jobs(ben) == [("Bell", "Clerk", "Sales", "", "2019-02-01", "2022-12-31", True)]
    assert jobs(cid) == [("", "", "Sales", "", "", "", True)]
    assert counts(load(rows, header=JOBS)) == [3, 0, 0, 3, 0]
    assert len(jobs(ben)) == 1


def test_a_job_that_ended_is_noted_beside_the_one_that_goes_on(load, system):
    load(("Ann,ann@bell.example,Bell,CEO,,,,",), header=JOBS)
    ann = Person.objects.get()
    before = jobs(ann)
    run = load(("Ann,ann@bell.example,Firth,CFO,Money,,2010-01-01,2015-05-05",), header=JOBS)
    assert counts(run) == [1, 0, 1, 0, 0]
    assert jobs(ann) == [*before, ("Firth", "CFO", "Money", "", "2010-01-01", "2015-05-05", True)]
    assert verdicts(run)[0][2] == "company, ended_on, function, started_on, title"
    assert counts(load(("Ann,ann@bell.example,Bell,,,,,2025-01-31",), header=JOBS)) == [
        1, 0, 1, 0, 0
    ]  # fmt: skip
    assert jobs(ann)[0] == ("Bell", "CEO", "", "", "", "2025-01-31", True)
    revert_import(system, run.public_id)
    assert jobs(ann) == [("Bell", "CEO", "", "", "", "2025-01-31", True)]


def test_what_a_row_says_of_another_job_does_not_fill_the_one_that_stays(load):
    load(("Ann,ann@bell.example,Bell,CEO,,,,",), header=JOBS)
    row = "Ann,ann@bell.example,Firth,,Money,Junior,2024-01-01,"
    assert counts(load((row,), header=JOBS)) == [1, 0, 0, 1, 0]
    ann = Person.objects.get()
    assert jobs(ann) == [("Bell", "CEO", "", "", "", "", True)]
    assert counts(load((row,), header=JOBS, policy="overwrite")) == [1, 0, 1, 0, 0]
    assert jobs(ann) == [("Firth", "CEO", "Money", "Junior", "2024-01-01", "", True)]


def test_a_job_that_ends_before_it_begins_has_no_days(load):
    run = load(("Ann,ann@bell.example,Bell,,,,2024-01-01,2023-01-01",), header=JOBS)
    assert [one["message"] for one in run.report["warnings"]] == [
        "Left out: In the job until is a day before the job begins."
    ]
    assert jobs(Person.objects.get()) == [("Bell", "", "", "", "", "", True)]


def test_further_companies_are_further_jobs(load, system, add_firm):
    firth = add_firm("Firth")
    before = held()
    header = "Name,Email,Company,Company domain,Title"
    rows = (
        "Ann,ann@bell.example,Bell & Sons; firth;Moor,bell.example,CEO",
        "Ben,ben@bell.example,Moor,,",
    )
    run = load(rows, header=header)
    assert counts(run) == [2, 2, 0, 0, 0]
    assert run.report["related"]["companies"] == {"created": 2}
    ann, ben = Person.objects.order_by("pk")
    assert [(job[0], job[1], job[-1]) for job in jobs(ann)] == [
        ("Bell & Sons", "CEO", True), ("Firth", "", False), ("Moor", "", False)
    ]  # fmt: skip
    assert ann.employments.get(company=firth).is_primary is False
    assert [job[0] for job in jobs(ben)] == ["Moor"]
    assert counts(load(rows, header=header)) == [2, 0, 0, 2, 0]
    assert counts(load(("Ben,ben@bell.example,Moor;Firth,,",), header=header)) == [1, 0, 1, 0, 0]
    revert_import(system, run.public_id)
    assert held()[0] == before[0] + 1  # Ben has been changed since, and stays


def test_an_id_of_a_company_goes_before_its_name(load, add_firm):
    firm, other = add_firm("Bell"), add_firm("Bell the Second")
    header = "Name,Email,Company,Company ID"
    load(("Zed,z@b.example,Bell the Second,77",), header=header)
    run = load(("Ann,a@b.example,Bell,77", "Ben,b@b.example,Bell,"), header=header)
    assert counts(run) == [2, 2, 0, 0, 0]
    _zed, ann, ben = Person.objects.order_by("pk")
    assert [one.employments.get().company_id for one in (ann, ben)] == [other.pk, firm.pk]
    strange = load(("Cid,c@b.example,,78;77",), header=header)
    assert notices(strange) == {"left_out": 1}
    assert Person.objects.get(name="Cid").employments.get().company_id == other.pk


# --- what is joined -------------------------------------------------------------------------------


def test_a_trial_says_which_rows_are_joined_with_which_and_which_with_whom_is_here(load, add):
    add("Ben Here", email="ben@bell.example")
    rows = (
        "1,Ann,Bell,ann@bell.example,,,,,",
        "2,,,ann@bell.example,,CFO,,,",
        "3,Ben,Bell,ben@bell.example,,CEO,,,",
        "4,Cid,Bell,cid@bell.example,,,,,",
    )
    trial = load(rows, is_trial=True)
    assert counts(trial) == [4, 2, 1, 1, 0]
    assert trial.report["merged"] == 1
    joined = [one for one in trial.report["samples"] if one["verdict"] == "merged"]
    assert [(one["line"], one["name"], one["changes"]) for one in joined] == [
        (2, "Ann Bell", [["", "", "the same person as row 1"]])
    ]
    updated = [one for one in trial.report["samples"] if one["verdict"] == "updated"]
    assert [(one["line"], one["name"]) for one in updated] == [(3, "Ben Here")]
    assert load(rows).report["merged"] == 1


def test_who_was_moved_by_a_file_goes_back_with_it_unless_moved_since(load, system):
    header = "Name,Email,Lifecycle stage"
    load(("Ann,a@b.example,lead", "Ben,b@b.example,lead"), header=header)
    ann, ben = Person.objects.order_by("pk")
    before = list(LifecycleState.objects.order_by("subject_id").values())
    rows = ("Ann,a@b.example,customer", "Ben,b@b.example,customer", "Cid,c@b.example,lead")
    run = load(rows, header=header)
    record_stage(system, [ben.pk], stage=Stage.AT_RISK, cause="Complains")
    revert_import(system, run.public_id)
    after = list(
        LifecycleState.objects.filter(subject_id__in=(ann.pk, ben.pk))
        .order_by("subject_id")
        .values()
    )
    assert after[0] == before[0]
    assert (after[1]["stage"], after[1]["furthest_stage"]) == ("at_risk", "customer")
    steps = LifecycleEvent.objects.filter(subject_id=ann.pk).order_by("pk")
    assert list(steps.values_list("from_stage", "to_stage", "cause")) == [
        ("", "known", "Imported from people.csv"),
        ("known", "customer", "Imported from people.csv"),
        ("customer", "known", "Import taken back"),
    ]


def test_taken_back_twice_a_stage_is_as_before_both_times(load, system):
    header = "Name,Email,Lifecycle stage"
    load(("Ann,a@b.example,lead",), header=header)
    before = LifecycleState.objects.values().get()
    for _time in range(2):
        run = load(("Ann,a@b.example,customer",), header=header)
        assert LifecycleState.objects.get().stage == "customer"
        revert_import(system, run.public_id)
        assert LifecycleState.objects.values().get() == before


def test_tags_that_only_an_import_has_used_go_with_it(load, system, add):
    add("Ann Bell", email="ann@bell.example")
    load(("1,Ann,Bell,ann@bell.example,,,,,Fair",))
    run = load(("1,Ann,Bell,ann@bell.example,,,,,Fair;New",))
    revert_import(system, run.public_id)
    assert list(Tag.objects.values_list("name", flat=True)) == ["Fair"]


def test_one_import_after_the_other_taken_back_leaves_nobody(load, admin):
    header = "Name,Email,Title,Consent"
    first = load(("Ann,a@b.example,CEO,", "Ben,b@b.example,,"), header=header, by=admin)
    second = load(("Ann,a@b.example,CFO,subscribed",), header=header, by=admin, policy="overwrite")
    assert counts(second) == [1, 0, 1, 0, 0]
    third = load(("Ann,a@b.example,,unsubscribed",), header=header, by=admin)
    assert counts(third) == [1, 0, 1, 0, 0]
    for run in (third, second):
        assert revert_import(admin, run.public_id)["people"] == 0
    assert revert_import(admin, first.public_id) == {
        "people": 2, "changes": 0, "companies": 0, "kept": 0
    }  # fmt: skip


def test_a_later_import_that_stays_keeps_its_people(load, admin):
    header = "Name,Email,Title,Consent"
    first = load(("Ann,a@b.example,CEO,", "Ben,b@b.example,,"), header=header, by=admin)
    load(("Ann,a@b.example,,subscribed",), header=header, by=admin)
    counted = revert_import(admin, first.public_id)
    assert (counted["people"], counted["kept"]) == (1, 1)
