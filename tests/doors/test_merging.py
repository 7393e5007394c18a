"""Merging by page, API and action: the same by every door, and the same refusals."""

import pytest

from tandem.deals.actions import put_contact
from tandem.deals.schemas import ContactIn
from tandem.kernel.errors import DomainError, Missing, Refused, Unauthenticated
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records.actions import merge
from tandem.records.models import MergeEvent
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db


def through_page(scene, one, other):
    return scene.browser().post(f"/people/{one}/merge", {"with": str(other)}).status_code


def through_api(scene, one, other):
    return scene.api("POST", f"/people/{one}/merges", {"absorbed": str(other)}).status_code


def through_api_as_many(scene, one, other):
    several = {"absorbed": [str(other)]}
    return scene.api("POST", f"/people/{one}/merges/many", several).status_code


def through_action(scene, one, other):
    try:
        merge(scene.actor, object_type("person"), one, other)
    except DomainError as error:
        return type(error)
    return None


DOORS = [through_page, through_api, through_action, through_api_as_many]


@pytest.mark.parametrize(
    ("role", "is_foreign", "expected"),
    [
        ("admin", True, (303, 201, None, 201)),  # who sees all sees theirs too
        ("seller", True, (404, 404, Missing, 404)),
        ("viewer", True, (403, 403, Refused, 403)),
        ("", True, (302, 401, Unauthenticated, 401)),
    ],
)
@pytest.mark.parametrize("door", DOORS)
def test_merging_is_the_same_by_every_door(door, role, is_foreign, expected, scene_for):
    scene = scene_for(role)
    said = door(scene, scene.own, scene.foreign)
    assert said == expected[DOORS.index(door)]
    is_done = role == "admin"
    assert MergeEvent.objects.count() == is_done
    assert Person.objects.filter(merged_into__isnull=False).count() == is_done


def test_rows_that_hang_on_a_record_are_counted_where_they_are_in_sight(scene_for, system):
    scene = scene_for("seller")
    twin, _new = create_person(system, data=NewPerson(name="Ann", owner=str(scene.user.public_id)))
    contact = ContactIn(person=str(twin.public_id), role="champion")
    browser = scene.browser()

    def told():
        page = browser.get(f"/people/{scene.own}/merge?with={twin.public_id}").context["rows"]
        chosen = browser.get("/people/many/merge?_all=1").context["records"]
        return list(page), sorted((one.name, one.rows) for one in chosen)

    bare = told()
    put_contact(system, scene.own_deal, data=contact)
    before = told()
    assert before[0] != bare[0]
    assert before[1] != bare[1]
    put_contact(system, scene.foreign_deal, data=contact)
    assert told() == before
