"""What every request learns: who acts, in which zone and language, and the mark of being seen."""

import datetime as dt

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone, translation

from tandem.accounts import actions
from tandem.accounts.middleware import ActorMiddleware
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import CompanyInput, OwnSettings, WorkingHours
from tandem.kernel.actor import NOBODY
from tandem.kernel.context import log_fields


@pytest.fixture
def seen():
    return {}


@pytest.fixture
def handle(seen):
    def view(request):
        seen["actor"] = request.actor
        seen["zone"] = timezone.get_current_timezone_name()
        seen["language"] = translation.get_language()
        seen["log"] = dict(log_fields())
        return HttpResponse()

    def run(user):
        request = RequestFactory().get("/")
        request.user = user
        return ActorMiddleware(view)(request)

    return run


def test_a_signed_in_user_acts_in_zone_and_language(handle, seen, make_user):
    user = make_user("seller")
    own = OwnSettings(name="Priya", locale="en-de", time_zone="Asia/Tokyo")
    user = actions.change_own_settings(actor_for(user), own)
    before = timezone.get_current_timezone_name(), translation.get_language()
    handle(user)
    assert seen["actor"] == actor_for(user)
    assert (seen["zone"], seen["language"]) == ("Asia/Tokyo", "en-de")
    assert seen["log"]["user"] == str(user.pk)
    assert "Priya" not in str(seen["log"])
    assert (timezone.get_current_timezone_name(), translation.get_language()) == before


def test_who_chose_no_zone_has_that_of_the_company(handle, seen, system, make_user):
    actions.change_company_settings(
        system,
        CompanyInput(base_currency="GBP", time_zone="Europe/London", working_hours=WorkingHours()),
    )
    handle(make_user("seller"))
    assert seen["zone"] == "Europe/London"


def test_who_is_signed_out_is_nobody_and_costs_no_query(
    handle, seen, django_assert_num_queries, db
):
    with django_assert_num_queries(0):
        handle(AnonymousUser())
    assert seen["actor"] is NOBODY


def test_being_seen_is_marked_once_a_minute_and_is_no_change(handle, make_user, nothing_written):
    pk = make_user("seller").pk
    before = nothing_written()
    version = User.objects.get(pk=pk).row_version
    marks = []
    with time_machine.travel("2026-11-19T09:00:00Z", tick=False) as clock:
        for seconds in (0, 30, 29, 1):
            clock.shift(seconds)
            handle(User.objects.get(pk=pk))
            marks.append(User.objects.get(pk=pk).last_seen_at)
    nine = dt.datetime(2026, 11, 19, 9, tzinfo=dt.UTC)
    assert marks == [nine, nine, nine, nine + dt.timedelta(minutes=1)]
    assert nothing_written() == before
    assert User.objects.get(pk=pk).row_version == version
