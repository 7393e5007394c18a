"""Every word of every page goes through gettext; what comes from data says so.

Each message is marked; what stands on a page without the mark must lie inside `[data-verbatim]`,
or be picked from names: of countries, currencies, colleagues.
"""

import json
import re
from calendar import day_name, month_name
from urllib.parse import quote

import pytest
from django.test import Client

from tandem.accounts.queries import actor_for
from tandem.people.actions import change_person, create_company, create_person
from tandem.people.schemas import ChangePerson, NewCompany, NewPerson
from tandem.records.actions import add_comment, add_tag, save_view
from tandem.records.schemas import NewComment, NewTag, NewView
from tandem.records.slots import object_type
from tests.ui.test_pseudo_locale import (
    Texts,
    pseudo_locale,  # noqa: F401  (a fixture)
    unmarked,
)

pytestmark = [pytest.mark.django_db]

COLLEAGUES = ["Morag Sinclair", "Managing director"]
MESSAGE = re.compile(r"⟦[^⟦⟧]*⟧")
# Names that Babel gives in the reader's language.
BY_BABEL = ["France", *month_name[1:], *day_name]
# What is picked from names that are no words of ours: countries, currencies, zones, colleagues.
NAMED = re.compile(
    r'<select[^>]*\sname="(?:country|default_country|base_currency|time_zone|language|locale|owner'
    r'|_value_\d+)".*?</select>',
    re.DOTALL,
)


@pytest.fixture
def scene(client: Client, make_user):
    """A person with company, tag, note, change and view, and a window on them."""
    user = make_user("admin", name=COLLEAGUES[0], title=COLLEAGUES[1])
    morag = actor_for(user)
    company, _new = create_company(
        morag, data=NewCompany(name="Zorblat Ltd", industry="Zorbing", owner=user.email)
    )
    person, _new = create_person(
        morag,
        data=NewPerson(
            name="Zed Zorblat",
            email="zed@zorblat.example",
            phone="+44 1227 496014",
            title="Zorbuyer",
            company="Zorblat Ltd",
            country="GB",
            owner=user.email,
        ),
    )
    create_person(morag, data=NewPerson(name="Zoe Zorblat", company="Zorblat Ltd"))
    kind = object_type("person")
    add_tag(morag, kind, person.public_id, data=NewTag(name="Zorbtag"))
    add_comment(morag, kind, person.public_id, data=NewComment(text="Zorb zorb"))
    change_person(morag, person.public_id, data=ChangePerson(title="Zorbchief", country="FR"))
    save_view(
        morag,
        kind,
        data=NewView(
            name="Zorbview",
            filters={"op": "and", "items": [{"field": "name", "is": "contains", "value": "zor"}]},
        ),
    )
    client.force_login(user)
    return {
        "person": f"/people/{person.public_id}",
        "company": f"/companies/{company.public_id}",
        "client": client,
    }


FILTER = {
    "op": "and",
    "items": [
        {"field": "name", "is": "contains", "value": "zor"},
        {"field": "owner", "is": "any_of", "value": ["me", "my_team", "nobody"]},
        {"field": "created_at", "is": "last_days", "value": 14},
        {
            "op": "or",
            "items": [{"field": "phone", "is": "empty"}, {"field": "email", "is": "not_empty"}],
        },
        {"op": "not", "items": [{"field": "tags", "is": "any_of", "value": ["Zorbnone"]}]},
    ],
}
LIST = f"/people?filter={quote(json.dumps(FILTER))}&sort=-created_at"
PAGES = [
    "/",
    "/people",
    LIST,
    "/people?q=nobodyatall",
    "/people?columns=name,email,phone,country,tags,created_at",
    "/people/new",
    "/people/filter",
    f"/people/filter?filter={quote(json.dumps(FILTER))}&at=1",
    f"/people/filter?filter={quote(json.dumps(FILTER))}&at=3&_more=1",
    "/people/views/new",
    "/companies",
    "/companies/new",
    "/companies?q=nobodyatall",
    "PERSON",
    "PERSON?tab=timeline&side=mkt",
    "PERSON?tab=history",
    "PERSON/peek",
    "PERSON/fields/title",
    "PERSON/fields/country",
    "COMPANY",
    "COMPANY?tab=history",
    "COMPANY/peek",
    "/search",
    "/search?q=zor",
    "/search?q=nobodyatall",
    "/palette?q=",
    "/palette?q=zor",
    "/settings/",
    "/settings/users",
    "/settings/teams",
    "/settings/company",
    "/people/00000000-0000-7000-8000-000000000000",
    "/no/such/page",
]


def told(page: str) -> list[str]:
    """What a page says without a mark that is neither data nor a name of Babel's."""
    reader = Texts()
    reader.feed(NAMED.sub("", page))
    said = "\n".join(reader.found)
    assert MESSAGE.search(said)
    # A message may hold elements: what stands between its marks belongs to it.
    while MESSAGE.search(said):
        said = MESSAGE.sub("", said)
    return list(unmarked(said.split("\n"), [*COLLEAGUES, *BY_BABEL, "nobodyatall"]))


@pytest.mark.usefixtures("pseudo_locale")
@pytest.mark.parametrize("path", PAGES, ids=[page[:40] for page in PAGES])
def test_every_word_is_a_message_or_marked_as_data(scene, path):
    address = path.replace("PERSON", scene["person"]).replace("COMPANY", scene["company"])
    assert told(scene["client"].get(address).content.decode()) == []


@pytest.mark.usefixtures("pseudo_locale")
def test_the_first_page_and_an_empty_list_are_messages_too(client, make_user):
    assert told(client.get("/accounts/login/").content.decode()) == []
    client.force_login(make_user("admin", name=COLLEAGUES[0]))
    for path in ("/", "/people", "/companies"):
        assert told(client.get(path).content.decode()) == [], path


@pytest.mark.usefixtures("pseudo_locale")
def test_refused_forms_say_it_in_messages(scene):
    client = scene["client"]
    for path, data in (
        ("/people/new", {"name": "", "email": "zor"}),
        ("/people/new", {"name": "Zed", "phone": "12"}),
        (f"{scene['person']}/fields/email", {"email": "zor"}),
        (f"{scene['person']}/fields/company", {"company": "x" * 300}),
        ("/people/views/new", {"name": "Zorbview", "visibility": "private"}),
    ):
        answer = client.post(path, data)
        assert answer.status_code == 422, path
        assert told(answer.content.decode()) == [], path
