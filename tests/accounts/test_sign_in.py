"""Signing in: by mail address only, second factor, too many tries, no mail, no sign-up."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tandem.accounts import actions
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for, actor_for_token
from tandem.accounts.schemas import NewPassword, NewToken
from tandem.kernel.models import ChangeSet
from tests.conftest import PASSWORD

LOGIN = "/accounts/login/"


def enter(client: Client, user: User, password: str = PASSWORD, **extra):
    return client.post(LOGIN, {"login": user.email.upper(), "password": password}, **extra)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_opens(client, make_user):
    user = make_user("seller")
    response = enter(client, user)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_after_signing_in_the_page_that_was_asked_for_comes(client, make_user):
    user = make_user("seller")
    asked = client.get("/settings/teams")
    assert asked["Location"] == "/accounts/login/?next=/settings/teams"
    form = {"login": user.email, "password": PASSWORD, "next": "/settings/teams"}
    assert client.post(LOGIN, form)["Location"] == "/settings/teams"


def test_nobody_is_sent_away_to_another_site(client, make_user):
    user = make_user("seller")
    form = {"login": user.email, "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post(LOGIN, form)["Location"] == "/"


def test_a_wrong_password_says_the_same_as_an_unknown_address(client, make_user):
    user = make_user("seller")
    wrong = enter(client, user, "not the password")
    unknown = client.post(LOGIN, {"login": "nobody@thistle.example", "password": PASSWORD})
    texts = [
        re.findall(r'role="alert".*?</div>', page.content.decode(), re.DOTALL)
        for page in (wrong, unknown)
    ]
    assert texts[0] == texts[1] != []
    assert not is_in(client)
    assert b"not the password" not in wrong.content


def test_too_many_wrong_passwords_close_the_door_for_a_while(client, make_user):
    user = make_user("seller")
    for _ in range(5):
        enter(client, user, "not the password")
    response = enter(client, user)
    assert "Too many failed" in response.content.decode()
    assert not is_in(client)


def test_who_is_far_too_fast_gets_a_page_that_says_so(client, db):
    answers = [client.post(LOGIN, {"login": "a@b.example", "password": "x"}) for _ in range(31)]
    assert [answer.status_code for answer in answers].index(429) == 30
    assert "A little too fast" in answers[30].content.decode()


def test_tries_are_counted_by_whom_the_edge_heard(client, make_user):
    users = [make_user("seller") for _ in range(12)]
    for user in users:
        enter(client, user, "wrong", headers={"X-Forwarded-For": "192.0.2.1"})
    assert enter(client, users[0], headers={"X-Forwarded-For": "192.0.2.1"}).status_code != 302
    assert enter(client, users[0], headers={"X-Forwarded-For": "192.0.2.2"}).status_code == 302


def test_who_lost_access_does_not_get_in(client, system, make_user):
    make_user("admin")
    user = make_user("seller")
    actions.deactivate_user(system, user.public_id)
    response = enter(client, user)
    assert not is_in(client)
    assert client.get(response["Location"]).status_code == 200


def test_an_open_session_ends_with_access_and_with_the_password(client, system, make_user):
    make_user("admin")
    user = make_user("seller")
    enter(client, user)
    assert client.get("/settings/").status_code == 200
    actions.set_password(system, user.public_id, NewPassword(password="a new tin whistle"))
    assert client.get("/settings/").status_code == 302
    enter(client, user, "a new tin whistle")
    assert client.get("/settings/").status_code == 200
    actions.deactivate_user(system, user.public_id)
    assert client.get("/settings/").status_code == 302


@pytest.fixture
def guarded(make_user):
    """A user with an authenticator app and recovery codes, and the app's secret."""
    user = make_user("seller")
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return user, secret


def code_of(secret):
    return totp.format_hotp_value(
        totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time()))
    )


def test_the_second_factor_is_asked_for(client, guarded):
    user, secret = guarded
    response = enter(client, user)
    assert response["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)
    assert client.get("/settings/").status_code == 302
    page = client.get(response["Location"])
    assert page.status_code == 200
    wrong = client.post(response["Location"], {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    assert not is_in(client)
    right = client.post(response["Location"], {"code": code_of(secret)})
    assert right["Location"] == "/"
    assert is_in(client)


def test_secrets_are_stored_encrypted_and_useless_without_the_key(client, guarded, settings):
    user, secret = guarded
    assert secret not in str(list(user.authenticator_set.values()))
    settings.SECRET_KEY = "another key than before"
    enter(client, user)
    codes = RecoveryCodes(user.authenticator_set.get(type="recovery_codes")).get_unused_codes()
    empty = totp.format_hotp_value(totp.hotp_value("", next(totp.yield_hotp_counters_from_time())))
    for code in (code_of(secret), empty, codes[0]):
        answer = client.post(reverse("mfa_authenticate"), {"code": code})
        assert "Incorrect code" in answer.content.decode()
    assert not is_in(client)


def test_a_code_works_once(client, guarded):
    user, secret = guarded
    code = code_of(secret)
    for works in (True, False):
        enter(client, user)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert is_in(client) is works
        client.logout()


def test_a_recovery_code_works_once(client, guarded):
    user, _secret = guarded
    code = RecoveryCodes(user.authenticator_set.get(type="recovery_codes")).get_unused_codes()[0]
    for works in (True, False):
        enter(client, user)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert is_in(client) is works
        client.logout()


def test_the_second_factor_never_blocks_tokens(guarded):
    user, _secret = guarded
    issued = actions.add_token(actor_for(user), NewToken(name="till"))
    assert actor_for_token(issued.raw) is not None


def test_an_authenticator_app_is_turned_on_with_recovery_codes(client, make_user):
    user = make_user("seller")
    enter(client, user)
    where = reverse("mfa_activate_totp")
    page = client.get(where)
    if page.status_code == 302:
        client.post(page["Location"], {"password": PASSWORD})
        page = client.get(where)
    secret = page.context["form"].secret
    assert secret in page.content.decode()
    response = client.post(where, {"code": code_of(secret)})
    assert response["Location"] == reverse("mfa_view_recovery_codes")
    codes = client.get(response["Location"])
    assert len(codes.context["unused_codes"]) == 10
    assert user.authenticator_set.count() == 2


def test_a_password_changes_by_an_action_and_keeps_this_session(client, make_user):
    user = make_user("seller")
    enter(client, user)
    before = ChangeSet.objects.count()
    form = {
        "oldpassword": PASSWORD,
        "password1": "a new tin whistle",
        "password2": "a new tin whistle",
    }
    response = client.post(reverse("account_change_password"), form)
    assert response.status_code == 302
    assert ChangeSet.objects.count() == before + 1
    assert ChangeSet.objects.latest("id").action == "accounts.change_own_password"
    assert client.get("/settings/").status_code == 200
    user.refresh_from_db()
    assert user.check_password("a new tin whistle")


@pytest.mark.parametrize(
    "form",
    [
        {
            "oldpassword": "wrong",
            "password1": "a new tin whistle",
            "password2": "a new tin whistle",
        },
        {"oldpassword": PASSWORD, "password1": "short", "password2": "short"},
        {"oldpassword": PASSWORD, "password1": "a new tin whistle", "password2": "another"},
    ],
)
def test_a_refused_password_changes_nothing(client, make_user, form):
    user = make_user("seller")
    enter(client, user)
    before = ChangeSet.objects.count()
    response = client.post(reverse("account_change_password"), form)
    assert response.status_code == 200
    assert "is-invalid" in response.content.decode()
    assert ChangeSet.objects.count() == before
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_lost_access_without_a_mail_server_asks_for_the_administrator(client, make_user):
    page = client.get(reverse("account_reset_password"))
    assert "Ask your administrator" in page.content.decode()
    assert (
        client.post(reverse("account_reset_password"), {"email": make_user().email}).status_code
        == 405
    )
    assert mail.outbox == []
    assert EmailAddress.objects.count() == 0


@pytest.mark.parametrize(
    "path",
    [
        "signup/",
        "email/",
        "confirm-email/",
        "password/reset/",
        "password/reset/done/",
        "login/code/",
        "3rdparty/",
    ],
)
def test_what_has_no_use_here_is_not_there(client, db, path):
    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}", {"email": "a@thistle.example"}).status_code == 404


def test_there_is_no_name_for_signing_up():
    with pytest.raises(NoReverseMatch):
        reverse("account_signup")


def test_signing_out_needs_a_press_of_a_button(client, make_user):
    enter(client, make_user("seller"))
    assert client.get(reverse("account_logout")).status_code == 200
    assert is_in(client)
    client.post(reverse("account_logout"))
    assert not is_in(client)


def test_passkeys_are_offered_and_their_questions_answered(client, db):
    assert "data-passkey" in client.get(LOGIN).content.decode()
    where = reverse("mfa_login_webauthn")
    answer = client.get(
        where, headers={"Accept": "application/json", "X-Requested-With": "XMLHttpRequest"}
    )
    assert set(answer.json()) == {"request_options"}
    assert client.post(where, {"credential": "{}"}).status_code == 302
    assert not is_in(client)
