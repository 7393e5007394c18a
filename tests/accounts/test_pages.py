"""The settings pages: who opens which, what a form saves, where a refusal is shown."""

import re

import pytest
from django.urls import reverse

from tandem.accounts import actions
from tandem.accounts.models import ApiToken, CompanySettings, CurrencyRate, Holiday, Team, User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken, TeamInput, TeamMembers
from tandem.ui.shell import THEME_COOKIE

OWN = ["own_settings", "tokens"]
SEEN_BY_ALL = ["users", "teams"]
OF_MANAGERS = ["new_team"]
OF_ADMINS = ["new_user", "roles", "company", "rates", "holidays"]
PAGES = [*OWN, *SEEN_BY_ALL, *OF_MANAGERS, *OF_ADMINS]


def allowed(role: str) -> set[str]:
    pages = {*OWN, *SEEN_BY_ALL}
    if role in ("admin", "manager"):
        pages |= {*OF_MANAGERS}
    return pages | {*OF_ADMINS} if role == "admin" else pages


@pytest.mark.parametrize("role", ["admin", "manager", "marketer", "seller", "viewer"])
def test_each_role_opens_its_pages_and_no_others(sign_in, make_user, role):
    browser = sign_in(make_user(role))
    opened = {page for page in PAGES if browser.get(reverse(f"accounts:{page}")).status_code == 200}
    assert opened == allowed(role)
    shown = browser.get(reverse("accounts:own_settings")).content.decode()
    listed = {page for page in PAGES if f'href="{reverse(f"accounts:{page}")}"' in shown}
    assert listed == allowed(role) - {"new_team", "new_user"}


@pytest.mark.parametrize("page", PAGES)
def test_who_is_signed_out_signs_in_first(client, db, page):
    address = reverse(f"accounts:{page}")
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"


def test_own_settings_are_saved_and_seen_at_once(sign_in, make_user):
    user = make_user("seller")
    browser = sign_in(user)
    form = {"name": "Priya Nair", "theme": "dark", "locale": "en-de", "time_zone": "Asia/Tokyo"}
    response = browser.post(reverse("accounts:own_settings"), form)
    assert (response.status_code, response.cookies[THEME_COOKIE].value) == (303, "dark")
    user.refresh_from_db()
    assert (user.name, user.theme, user.locale) == ("Priya Nair", "dark", "en-de")
    assert user.single_letter_keys is False
    page = browser.get(reverse("accounts:own_settings")).content.decode()
    assert 'data-single-keys="off"' in page
    assert 'lang="en-de"' in page


def test_a_refusal_stands_at_its_field_and_keeps_what_was_written(sign_in, make_user):
    admin = make_user("admin")
    browser = sign_in(admin)
    form = {"email": admin.email, "name": "Second", "role": "seller"}
    response = browser.post(reverse("accounts:new_user"), form)
    text = response.content.decode()
    assert response.status_code == 422
    assert re.search(r'id="f-email-error"[^>]*>.*?There is a user with this mail', text, re.DOTALL)
    assert 'value="Second"' in text
    assert User.objects.count() == 1


def test_a_user_is_added_changed_and_put_out(sign_in, make_user, system):
    browser = sign_in(make_user("admin"))
    team = actions.add_team(system, TeamInput(name="North", kind="sales"))
    form = {"email": "Tom@thistle.example", "name": "Tom", "role": "seller"}
    form |= {"side": "", "title": "", "password": "", "teams": str(team.public_id)}
    assert browser.post(reverse("accounts:new_user"), form).status_code == 303
    tom = User.objects.get(email="tom@thistle.example")
    assert (tom.side, tom.memberships.get().team) == ("sales", team)
    here = [tom.public_id]
    change = {"email": tom.email, "name": "Thomas", "role": "marketer", "side": "marketing"}
    assert browser.post(reverse("accounts:user", args=here), change).status_code == 303
    assert browser.post(reverse("accounts:deactivation", args=here)).status_code == 303
    tom.refresh_from_db()
    assert (tom.name, tom.role, tom.is_active, tom.memberships.count()) == (
        "Thomas",
        "marketer",
        False,
        0,
    )
    assert browser.post(reverse("accounts:reactivation", args=here)).status_code == 303
    password = {"password": "a new tin whistle"}
    assert browser.post(reverse("accounts:user_password", args=here), password).status_code == 303
    assert browser.post(reverse("accounts:second_factor_removal", args=here)).status_code == 303
    tom.refresh_from_db()
    assert tom.check_password("a new tin whistle")
    assert browser.get(reverse("accounts:user", args=here)).status_code == 200


def test_the_last_administrator_is_told_so_at_the_role(sign_in, make_user):
    admin = make_user("admin")
    browser = sign_in(admin)
    change = {"email": admin.email, "name": admin.name, "role": "seller", "side": "sales"}
    response = browser.post(reverse("accounts:user", args=[admin.public_id]), change)
    assert response.status_code == 422
    assert re.search(
        r'id="f-role-error"[^>]*>.*?last active administrator', response.content.decode(), re.DOTALL
    )
    response = browser.post(reverse("accounts:deactivation", args=[admin.public_id]))
    assert response.status_code == 409
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == ("admin", True)


def test_a_weak_password_is_told_at_its_field(sign_in, make_user):
    admin, user = make_user("admin"), make_user("seller")
    address = reverse("accounts:user_password", args=[user.public_id])
    response = sign_in(admin).post(address, {"password": "short"})
    assert response.status_code == 422
    assert 'id="f-password-error"' in response.content.decode()
    assert b'value="short"' not in response.content


def test_teams_by_page(sign_in, make_user):
    browser = sign_in(make_user("manager"))
    users = [make_user("seller") for _ in range(2)]
    browser.post(reverse("accounts:new_team"), {"name": "North", "kind": "sales"})
    team = Team.objects.get()
    here = [team.public_id]
    browser.post(reverse("accounts:team", args=here), {"name": "South", "kind": "other"})
    ids = [str(user.public_id) for user in users]
    members = {"members": ids, "leads": ids[:1]}
    assert browser.post(reverse("accounts:team_members", args=here), members).status_code == 303
    wrong = {"members": ids[1:], "leads": ids[:1]}
    response = browser.post(reverse("accounts:team_members", args=here), wrong)
    assert response.status_code == 422
    assert "A lead must be a member" in response.content.decode()
    assert "South" in browser.get(reverse("accounts:teams")).content.decode()
    assert set(team.memberships.values_list("user", "is_lead")) == {
        (users[0].pk, True),
        (users[1].pk, False),
    }
    browser.post(reverse("accounts:team_removal", args=here))
    assert list(browser.get(reverse("accounts:teams")).context["teams"]) == []


def test_a_token_is_shown_once(sign_in, make_user):
    user = make_user("seller")
    browser = sign_in(user)
    shown = browser.post(reverse("accounts:new_token"), {"name": "till", "valid_days": "30"})
    [raw] = set(re.findall(r"tdm_[0-9a-f]+_[\w-]{43}", shown.content.decode()))
    assert raw not in browser.get(reverse("accounts:tokens")).content.decode()
    token = ApiToken.objects.get()
    browser.post(reverse("accounts:token_revocation", args=[token.public_id]))
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_token_of_another_is_not_there(sign_in, make_user):
    other = make_user("seller")
    token = actions.add_token(actor_for(other), NewToken(name="till")).token
    browser = sign_in(make_user("manager"))
    response = browser.post(reverse("accounts:token_revocation", args=[token.public_id]))
    assert response.status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_the_company_by_page(sign_in, make_user):
    browser = sign_in(make_user("admin"))
    form = {
        "name": "Thistle & Tin",
        "base_currency": "GBP",
        "time_zone": "Europe/London",
        "default_country": "GB",
        "fiscal_year_start_month": "4",
        "week_start": "0",
        "working_hours.monday": "9:00 - 12:30,13:30-17:30",
    }
    assert browser.post(reverse("accounts:company"), form).status_code == 303
    found = CompanySettings.objects.get()
    assert (found.name, found.fiscal_year_start_month) == ("Thistle & Tin", 4)
    assert found.working_hours[0] == [["09:00", "12:30"], ["13:30", "17:30"]]
    assert found.working_hours[1:] == [[]] * 6
    response = browser.post(reverse("accounts:company"), {**form, "working_hours.friday": "x"})
    assert response.status_code == 422
    assert 'id="f-working_hours-friday-error"' in response.content.decode()
    rate = {"currency": "EUR", "date": "2026-01-01", "rate": "0.85"}
    assert browser.post(reverse("accounts:rates"), rate).status_code == 303
    gone = {"currency": "EUR", "date": "2026-01-01"}
    assert browser.post(reverse("accounts:rate_removal"), gone).status_code == 303
    assert CurrencyRate.objects.count() == 0
    calendar = {"country": "GB", "year": "2030"}
    assert browser.post(reverse("accounts:holiday_calendar"), calendar).status_code == 303
    first = Holiday.objects.order_by("date")[0]
    day = {"date": first.date.isoformat(), "name": "Closed"}
    assert browser.post(reverse("accounts:holidays"), day).status_code == 303
    assert "Closed" in browser.get(reverse("accounts:holidays")).content.decode()
    gone = {"date": first.date.isoformat()}
    assert browser.post(reverse("accounts:holiday_removal"), gone).status_code == 303
    assert not Holiday.objects.filter(pk=first.pk).exists()


def test_the_list_of_users_costs_the_same_for_many(
    sign_in, make_user, system, django_assert_max_num_queries
):
    browser = sign_in(make_user("admin"))
    team = actions.add_team(system, TeamInput(name="North", kind="sales"))
    for _ in range(12):
        user = make_user("seller")
        actions.set_members(system, team.public_id, TeamMembers(members=[user.public_id]))
    browser.get(reverse("accounts:users"))
    with django_assert_max_num_queries(8):
        browser.get(reverse("accounts:users"))
