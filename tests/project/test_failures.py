import json

import pytest
from django.test import Client
from django.urls import path

from tandem.project import urls as project_urls

handler500 = project_urls.handler500


def crash(request):
    raise ZeroDivisionError("a secret of the code")


urlpatterns = [path("api/v1/crash", crash), path("crash", crash), *project_urls.urlpatterns]

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


def test_the_api_answers_a_fault_of_ours_in_its_own_form() -> None:
    answer = Client(raise_request_exception=False).get("/api/v1/crash")
    assert answer.status_code == 500
    body = json.loads(answer.content)
    assert (body["code"], body["errors"]) == ("internal_error", [])
    assert answer["X-Trace"] in body["message"]
    assert b"secret" not in answer.content


def test_a_page_shows_its_own() -> None:
    answer = Client(raise_request_exception=False).get("/crash")
    assert answer.status_code == 500
    assert answer["X-Trace"].encode() in answer.content
    assert b"secret" not in answer.content
