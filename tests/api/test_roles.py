"""Roles by API: read, decided, and what is refused changes nothing."""

import pytest

from tandem.accounts.models import HiddenField, RoleScope, RoleVerb
from tandem.accounts.rules import permissions_of

pytestmark = pytest.mark.django_db


def of(admin_api, role):
    found = admin_api.get("/roles").json()["items"]
    return next(one for one in found if one["role"] == role)


def test_an_administrator_decides_what_a_role_sees_and_may_do(admin_api):
    usual = of(admin_api, "seller")
    assert usual["rights"] == sorted(permissions_of("seller"))
    assert (usual["scopes"]["person"], usual["hidden"]) == ("team", {})
    held = [*usual["rights"], "people.delete"]
    assert admin_api.send("PUT", "/roles/seller/rights", {"held": held}).status_code == 200
    scopes = {"scopes": {"person": "own"}}
    assert admin_api.send("PUT", "/roles/seller/scopes", scopes).status_code == 200
    fields = {"fields": ["phone", "country"]}
    answer = admin_api.send("PUT", "/roles/seller/hidden-fields/person", fields)
    assert answer.status_code == 200
    assert answer.json() == of(admin_api, "seller")
    now = of(admin_api, "seller")
    assert now["rights"] == sorted(held)
    assert now["scopes"] == {**usual["scopes"], "person": "own"}
    assert now["hidden"] == {"person": ["country", "phone"]}
    change_set = answer["Tandem-Change-Set"]
    assert admin_api.post(f"/change-sets/{change_set}/undo", {}).status_code == 200
    assert of(admin_api, "seller")["hidden"] == {}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/roles/admin/rights", {"held": []}, 409),
        ("/roles/nobody/rights", {"held": []}, 422),
        ("/roles/seller/rights", {"held": ["people.fly"]}, 422),
        ("/roles/seller/rights", {"held": ["accounts.manage_roles"]}, 409),
        ("/roles/seller/scopes", {"scopes": {"person": "some"}}, 422),
        ("/roles/seller/scopes", {"scopes": {"ghost": "own"}}, 422),
        ("/roles/seller/hidden-fields/person", {"fields": ["name"]}, 409),
        ("/roles/seller/hidden-fields/person", {"fields": ["shoe"]}, 422),
        ("/roles/seller/hidden-fields/ghost", {"fields": []}, 422),
    ],
)
def test_what_will_not_do_is_refused_and_changes_nothing(admin_api, path, body, status):
    answer = admin_api.send("PUT", path, body)
    assert answer.status_code == status, answer.content
    assert set(answer.json()) == {"code", "message", "errors"}
    for model in (RoleVerb, RoleScope, HiddenField):
        assert model.objects.count() == 0
