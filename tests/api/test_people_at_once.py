"""The same people posted by many callers at the same moment are there once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.people.models import Company, Employment, Person, PersonEmail

PEOPLE = 200
AT_ONCE = 8


@pytest.mark.django_db(transaction=True)
def test_eight_callers_who_post_the_same_people_make_them_once(make_user):
    user = make_user("admin")
    tokens = [add_token(actor_for(user), NewToken(name=f"{at}")).raw for at in range(AT_ONCE)]
    start = Barrier(AT_ONCE)

    def post(token):
        try:
            client = Client(raise_request_exception=False)
            start.wait()
            found = []
            for at in range(PEOPLE):
                answer = client.post(
                    "/api/v1/people",
                    {
                        "name": f"P {at}",
                        "email": f"p{at}@bell.example",
                        "company": f"Firm {at % 5}",
                    },
                    content_type="application/json",
                    headers={"Authorization": f"Bearer {token}"},
                )
                found.append((answer.status_code, answer.json().get("id")))
            return found
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [one for found in pool.map(post, tokens) for one in found]
    statuses = [status for status, _id in answers]
    assert (statuses.count(201), statuses.count(200)) == (PEOPLE, PEOPLE * (AT_ONCE - 1))
    assert len({public_id for _status, public_id in answers}) == PEOPLE
    assert (Person.objects.count(), PersonEmail.objects.count()) == (PEOPLE, PEOPLE)
    assert (Company.objects.count(), Employment.objects.count()) == (5, PEOPLE)
