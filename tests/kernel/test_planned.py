"""Reads by prepared statements: the same rows, planned once, and nothing else is changed."""

import pytest
from django.db import connection

from tandem.accounts.models import User
from tandem.kernel.planned import planned

pytestmark = pytest.mark.django_db


def prepared() -> list[str]:
    """What PostgreSQL has prepared for this connection."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements WHERE statement ~ 'accounts_user'"
        )
        return [row[0] for row in cursor.fetchall()]


def test_one_statement_serves_every_value(make_user):
    ann, ben = make_user(name="Ann"), make_user(name="Ben")
    before = len(prepared())
    for user in (ann, ben, ann):
        assert planned(User.objects.filter(pk=user.pk)) == [user]
    assert planned(User.objects.filter(pk=0)) == []
    assert len(prepared()) == before + 1


def test_what_is_asked_otherwise_is_prepared_by_nobody(make_user):
    ann = make_user(name="Ann")
    planned(User.objects.filter(pk=ann.pk))
    before = len(prepared())
    assert list(User.objects.filter(name="Ann")) == [ann]
    assert len(prepared()) == before


def test_a_read_that_fails_leaves_the_connection_as_it_was(make_user):
    ann = make_user(name="Ann")
    with pytest.raises(ZeroDivisionError):
        planned(1 // 0 for _user in (ann,))
    before = len(prepared())
    assert list(User.objects.filter(name="Ann")) == [ann]
    assert len(prepared()) == before
