"""Somebody is erased for good: what goes, what stays, what is asked first, and the certificate."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tandem.accounts.actions import change_user
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import UserChange
from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import ChangeSet, RecordChange
from tandem.kernel.undo import Irreversible, undo, undoable_by
from tandem.people.actions import (
    change_person,
    create_company,
    create_person,
    delete_person,
    erased_among,
)
from tandem.people.models import Person, PersonEmail
from tandem.people.schemas import ChangePerson, NewCompany, NewPerson
from tandem.records.actions import (
    add_comment,
    ask_erasure,
    erase,
    erase_restored,
    merge,
    refuse_erasure,
    settle,
    withdraw_refusal,
)
from tandem.records.actions.erasing import tombstone
from tandem.records.errors import ErasureOpen, ErasureUnconfirmed, NotErasable, ReasonMissing
from tandem.records.jobs import carry_out_erasure
from tandem.records.models import Comment, Erasure, ErasureBasis, ErasureState
from tandem.records.queries.erasing import tombstones_in
from tandem.records.rules.erasing import is_sealed
from tandem.records.schemas import NewComment
from tandem.records.slots import ObjectType, object_type

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.ERASURE_LEDGER = tmp_path / "erased.jsonl"
    return tmp_path


@pytest.fixture
def person_kind() -> ObjectType:
    return object_type("person")


@pytest.fixture
def add(system: Actor) -> Callable[..., Person]:
    def make(name: str, **fields: Any) -> Person:
        return create_person(system, data=NewPerson(name=name, **fields))[0]

    return make


def erased(actor: Actor, kind: ObjectType, person: Person) -> Erasure:
    asked = ask_erasure(
        actor, kind, person.public_id, typed=person.name, basis=ErasureBasis.REQUEST
    )
    done = erase(actor, asked)
    settle(done)
    return Erasure.objects.get(pk=done.pk)


@action(permission="records.erase")
def in_one_change(actor: Actor, build: Callable[[], Any]) -> Any:
    """Rows of any table, made in one change set: to set a scene."""
    return build()


def test_a_person_goes_with_addresses_and_history(admin, person_kind, add):
    ann = add("Ann Marie Lee", email="ann@thistle.example", phone="+442079460958")
    add("Bo Berg", email="bo@thistle.example")
    change_person(admin, ann.public_id, data=ChangePerson(name="Ann Lee-Berg"))
    ann.refresh_from_db()
    done = erased(admin, person_kind, ann)
    assert list(Person.objects.values_list("name", flat=True)) == ["Bo Berg"]
    assert list(PersonEmail.objects.values_list("address", flat=True)) == ["bo@thistle.example"]
    assert not RecordChange.objects.filter(root_kind="person", root_id=ann.pk).exists()
    assert done.state == ErasureState.DONE
    assert done.certificate["deleted"]["people.person"] == 1
    assert done.certificate["deleted"]["people.personemail"] == 1
    assert done.subjects == [str(ann.public_id)]


def test_who_was_merged_into_them_goes_along(admin, person_kind, add):
    ann, double = add("Ann Marie Lee", email="ann@thistle.example"), add("Annie Lee")
    merge(admin, person_kind, ann.public_id, double.public_id)
    done = erased(admin, person_kind, ann)
    assert not Person.objects.exists()
    assert set(done.subjects) == {str(ann.public_id), str(double.public_id)}


@pytest.mark.parametrize("typed", ["", "ann marie lee", "Ann"])
def test_another_name_than_that_of_the_record_erases_nothing(typed, admin, person_kind, add):
    ann = add("Ann Marie Lee")
    with pytest.raises(ErasureUnconfirmed):
        ask_erasure(admin, person_kind, ann.public_id, typed=typed, basis=ErasureBasis.REQUEST)
    assert not Erasure.objects.exists()


def test_only_who_may_erase_and_sees_the_record(make_actor, admin, person_kind, add):
    ann = add("Ann Marie Lee")
    for role in ("manager", "marketer", "seller", "viewer"):
        with pytest.raises(Refused):
            ask_erasure(
                make_actor(role),
                person_kind,
                ann.public_id,
                typed=ann.name,
                basis=ErasureBasis.REQUEST,
            )
    delete_person(admin, ann.public_id)
    with pytest.raises(Missing):
        ask_erasure(admin, person_kind, ann.public_id, typed=ann.name, basis=ErasureBasis.REQUEST)
    assert not Erasure.objects.exists()


def test_companies_are_not_erased(admin, system):
    firm, _new = create_company(system, data=NewCompany(name="Thistle Ltd"))
    with pytest.raises(NotErasable):
        ask_erasure(
            admin,
            object_type("company"),
            firm.public_id,
            typed=firm.name,
            basis=ErasureBasis.REQUEST,
        )


def test_a_refusal_stands_until_it_is_withdrawn(admin, person_kind, add):
    ann = add("Ann Marie Lee")
    with pytest.raises(ReasonMissing):
        refuse_erasure(admin, person_kind, ann.public_id, reason=" ")
    refused = refuse_erasure(admin, person_kind, ann.public_id, reason="A claim is open")
    with pytest.raises(ErasureOpen):
        ask_erasure(admin, person_kind, ann.public_id, typed=ann.name, basis=ErasureBasis.REQUEST)
    withdraw_refusal(admin, refused.public_id)
    done = erased(admin, person_kind, ann)
    assert done.certificate["kept"] == {"records.erasure": 1}
    refused.refresh_from_db()
    assert (refused.record_id, refused.refusal) == (None, "-")


def test_nothing_takes_an_erasure_back(admin, person_kind, add):
    ann = add("Ann Marie Lee", email="ann@thistle.example")
    erased(admin, person_kind, ann)
    done_in = ChangeSet.objects.get(action="records.erase")
    with pytest.raises(Irreversible):
        undo(admin, done_in.public_id)
    assert not Person.objects.exists()
    last = undoable_by(admin)
    assert last is None or not last.action.startswith("records.erase")


def test_what_was_done_before_to_them_cannot_be_undone_into_life(system, person_kind, add):
    ann = add("Ann Marie Lee", email="ann@thistle.example")
    change_person(system, ann.public_id, data=ChangePerson(email="anna@thistle.example"))
    renamed = last_change_set()
    assert renamed is not None
    ann.refresh_from_db()
    erased(system, person_kind, ann)
    undo(system, renamed)
    assert not PersonEmail.objects.exists()
    assert not Person.objects.exists()


def test_an_erasure_is_done_once(admin, person_kind, add):
    ann = add("Ann Marie Lee")
    done = erased(admin, person_kind, ann)
    again = erase(admin, done)
    settle(again)
    assert again.certificate == done.certificate
    assert again.done_at == done.done_at


def told_of(done: Erasure) -> dict[str, Any]:
    return json.loads(json.dumps(tombstone(done)))  # type: ignore[no-any-return]


def test_a_tombstone_erases_again_whoever_is_back(admin, person_kind, add, folder):
    ann, double = add("Ann Marie Lee", email="ann@thistle.example"), add("Annie Lee")
    stays = add("Bo Berg")
    was = list(Person.objects.order_by("pk").values())
    merge(admin, person_kind, ann.public_id, double.public_id)
    done = erased(admin, person_kind, ann)
    told = told_of(done)
    assert tombstones_in(folder / "erased.jsonl") == [told]
    # As an older copy has them: apart, and nothing known of an erasure.
    Erasure.objects.all().delete()
    (folder / "erased.jsonl").write_text('{"id": "cut o')

    def bring_back() -> None:
        Person.objects.bulk_create(Person(**row) for row in was if row["id"] != stays.pk)

    in_one_change(admin, bring_back)
    assert erase_restored(admin, [told]) == 1
    assert list(Person.objects.values_list("pk", flat=True)) == [stays.pk]
    kept = Erasure.objects.get()
    assert (kept.certificate, kept.seal, kept.keys) == (done.certificate, done.seal, done.keys)
    assert is_sealed(kept.certificate, kept.seal, settings.SECRET_KEY)
    assert kept.settled_at is not None
    assert [one["id"] for one in tombstones_in(folder / "erased.jsonl")] == [told["id"]]
    assert erase_restored(admin, [told]) == 0  # done again, it does nothing
    assert len(tombstones_in(folder / "erased.jsonl")) == 1


def test_a_tombstone_of_who_is_not_in_the_copy_is_kept(admin, person_kind, add, folder):
    told = told_of(erased(admin, person_kind, add("Ann Marie Lee", email="ann@thistle.example")))
    Erasure.objects.all().delete()
    (folder / "erased.jsonl").unlink()
    assert erase_restored(admin, [told, {**told, "kind": "gone"}]) == 0
    assert Erasure.objects.get().subjects == told["subjects"]
    assert erased_among(["ann@thistle.example"]) == {"ann@thistle.example"}
    assert tombstones_in(folder / "erased.jsonl") == [told]


def test_names_and_numbers_that_others_bear_stay(admin, person_kind, add, system):
    ann = add("Ann Marie Lee", email="ann@thistle.example", phone="+442079460958")
    other = add("Ann Marie Lee", email="ann.lee@other.example", phone="+442079460958")
    add_comment(
        admin,
        person_kind,
        other.public_id,
        data=NewComment(text="Ann Marie Lee, +442079460958, not ann@thistle.example"),
    )
    erased(admin, person_kind, ann)
    said = Comment.objects.get().text
    assert said.startswith("Ann Marie Lee, +442079460958, not [erased ")
    assert "thistle" not in said
    assert Person.objects.get().name == "Ann Marie Lee"


def test_a_longer_address_is_another_one(admin, person_kind, add, system):
    ann = add("Ann Marie Lee", email="ann@thistle.example")
    firm, _new = create_company(system, data=NewCompany(name="Thistle Ltd"))
    text = "mary.ann@thistle.example, ann@thistle.example.org, <Ann@Thistle.example>"
    add_comment(admin, object_type("company"), firm.public_id, data=NewComment(text=text))
    done = erased(admin, person_kind, ann)
    said = Comment.objects.get().text
    assert said.startswith("mary.ann@thistle.example, ann@thistle.example.org, <[erased ")
    assert said.endswith(">")
    assert done.certificate["replaced"] == {"records.comment": 1}


def test_the_certificate_is_sealed(admin, person_kind, add, settings):
    done = erased(admin, person_kind, add("Ann Marie Lee"))
    assert is_sealed(done.certificate, done.seal, settings.SECRET_KEY)
    changed = {**done.certificate, "erased_at": "2020-01-01T00:00:00+00:00"}
    assert not is_sealed(changed, done.seal, settings.SECRET_KEY)
    assert not is_sealed(done.certificate, done.seal, "another")


def test_the_job_erases_as_who_asked_and_settles(admin, person_kind, add, folder):
    ann = add("Ann Marie Lee", email="ann@thistle.example")
    asked = ask_erasure(
        admin, person_kind, ann.public_id, typed=ann.name, basis=ErasureBasis.REQUEST
    )
    carry_out_erasure(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.files) == (ErasureState.DONE, [])
    assert asked.settled_at is not None
    (line,) = (folder / "erased.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert (told["id"], told["subjects"]) == (str(asked.public_id), [str(ann.public_id)])
    assert "thistle" not in line
    assert len(told["keys"]) == 1
    carry_out_erasure(asked.pk)
    assert len((folder / "erased.jsonl").read_text().splitlines()) == 1


def test_who_lost_the_right_meanwhile_erases_nothing(admin, make_user, person_kind, add):
    ann = add("Ann Marie Lee")
    asked = ask_erasure(
        admin, person_kind, ann.public_id, typed=ann.name, basis=ErasureBasis.REQUEST
    )
    user = User.objects.get(pk=admin.user_id or 0)
    boss = actor_for(make_user("admin"))
    change = UserChange(email=user.email, name=user.name, role="viewer", side="none")
    change_user(boss, user.public_id, change)
    carry_out_erasure(asked.pk)
    asked.refresh_from_db()
    assert asked.state == ErasureState.FAILED
    assert Person.objects.count() == 1


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def browser(client, make_user):
    client.force_login(make_user("admin"))
    return client


def test_the_page_counts_what_goes_and_what_stays(browser, add):
    ann = add("Ann Marie Lee", email="ann@thistle.example", phone="+442079460958")
    answer = browser.get(f"/people/{ann.public_id}/erasure")
    assert answer.status_code == 200
    assert {str(line.label): line.count for line in answer.context["gone"]} == {
        "Persons": 1,
        "Mail addresses": 1,
        "Phone numbers": 1,
        "Entries of the story": 1,
    }
    assert answer.context["staying"] == []
    assert Person.objects.count() == 1


def test_erased_by_page_with_its_certificate(browser, add):
    ann = add("Ann Marie Lee", email="ann@thistle.example")
    url = f"/people/{ann.public_id}/erasure"
    assert browser.post(url, {"typed": "Ann", "basis": "request"}).status_code == 422
    sent = browser.post(url, {"typed": "Ann  Marie Lee", "basis": "objection"})
    asked = Erasure.objects.get()
    assert (sent.status_code, sent.url) == (303, f"/erasures/{asked.public_id}")
    assert "hx-get" in browser.get(sent.url).content.decode()
    carry_out_erasure(asked.pk)
    page = browser.get(sent.url).content.decode()
    assert "The seal of this certificate holds" in page
    assert "Ann" not in page
    file = json.loads(browser.get(f"{sent.url}/certificate").content)
    asked.refresh_from_db()
    assert file == {"certificate": asked.certificate, "seal": asked.seal}
    assert browser.get(f"/people/{ann.public_id}").status_code == 404
    assert str(asked.public_id) in browser.get("/erasures").content.decode()


def test_refused_and_withdrawn_by_page(browser, add):
    ann = add("Ann Marie Lee")
    url = f"/people/{ann.public_id}/erasure"
    assert browser.post(f"{url}/refusal", {"reason": "A claim is open"}).status_code == 303
    page = browser.get(url).content.decode()
    assert "A claim is open" in page
    assert 'name="typed"' not in page
    (refused,) = Erasure.objects.all()
    assert browser.post(f"/erasures/{refused.public_id}/withdrawal").status_code == 303
    assert 'name="typed"' in browser.get(url).content.decode()


@pytest.mark.parametrize("role", ["manager", "marketer", "seller", "viewer"])
def test_others_find_no_door(role, client, make_user, add):
    ann = add("Ann Marie Lee")
    client.force_login(make_user(role))
    url = f"/people/{ann.public_id}/erasure"
    for answer in (client.get(url), client.post(url, {"typed": ann.name}), client.get("/erasures")):
        assert answer.status_code in (403, 404)
    assert "erasure" not in client.get(f"/people/{ann.public_id}").content.decode()
    assert not Erasure.objects.exists()
