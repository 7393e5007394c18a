"""`tandem user …` and `tandem token …` on the server's own shell."""

import json

import pytest
from allauth.mfa.models import Authenticator
from click.testing import CliRunner

from tandem.accounts.models import ApiToken, User
from tandem.accounts.queries import actor_for_token
from tandem.project.commands import tokens, users
from tandem.project.faults import OperatorError


@pytest.fixture
def run(db):
    def call(command, *words: str, line: str = ""):
        return CliRunner().invoke(command, words, input=line)

    return call


def test_a_user_is_added_with_the_password_of_one_line(run):
    words = ["add", "Ann@Thistle.example", "--role", "admin", "--password-stdin"]
    answer = run(users.command, *words, line="tin whistle 42 \r\nnot this\n")
    assert (answer.exit_code, answer.output) == (0, "ann@thistle.example is added as admin.\n")
    user = User.objects.get()
    assert user.check_password("tin whistle 42 ")
    assert user.created_in.source == "command"


def test_a_user_who_exists_is_said_and_fails(run):
    words = ["add", "ann@thistle.example", "--role", "seller"]
    assert run(users.command, *words, "--json").exit_code == 0
    answer = run(users.command, *words)
    assert answer.exit_code == 1
    assert isinstance(answer.exception, OperatorError)
    assert str(answer.exception) == "There is a user with this mail address already."
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "words",
    [
        ["add", "ann@thistle.example"],
        ["add", "ann@thistle.example", "--role", "king"],
        ["add"],
        ["password"],
    ],
)
def test_bad_use_ends_with_two(run, words):
    assert run(users.command, *words).exit_code == 2
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    ("words", "line", "said"),
    [
        (["add", "ann", "--role", "seller"], "", "email: Write a mail address"),
        (["add", "a@b.example", "--role", "seller", "--password-stdin"], "x\n", "too short"),
        (["add", "a@b.example", "--role", "seller", "--password-stdin"], "", "no password"),
        (["password", "nobody@b.example"], "tin whistle 42\n", "There is no user nobody@b.example"),
        (["forget-second-factor", "nobody@b.example"], "", "There is no user nobody@b.example"),
    ],
)
def test_a_refusal_is_one_sentence(run, words, line, said):
    answer = run(users.command, *words, line=line)
    assert answer.exit_code == 1
    assert said in str(answer.exception)
    assert User.objects.count() == 0


def test_password_and_second_factor_are_reset(run, make_user):
    user = make_user("seller")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    assert run(users.command, "password", user.email, line="tin whistle 42\n").exit_code == 0
    assert run(users.command, "forget-second-factor", user.email).exit_code == 0
    user.refresh_from_db()
    assert user.check_password("tin whistle 42")
    assert not Authenticator.objects.exists()


def test_a_token_stands_alone_on_the_last_line(run, make_user):
    user = make_user("viewer")
    answer = run(tokens.command, "add", "--user", user.email.upper(), "--days", "7")
    actor = actor_for_token(answer.output.strip().splitlines()[-1])
    assert actor is not None
    assert actor.user_id == user.pk
    body = json.loads(run(tokens.command, "add", "--user", user.email, "--json").output)
    assert actor_for_token(body["token"]) is not None
    assert run(tokens.command, "add", "--user", "nobody@b.example").exit_code == 1
    assert ApiToken.objects.count() == 2
