"""What a company decides about its roles: rights, how far they see, hidden fields; by page too."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from tandem.accounts import actions
from tandem.accounts.errors import AdminStays, NameStays, OnlyAdmins
from tandem.accounts.models import HiddenField, RoleScope, RoleVerb
from tandem.accounts.queries import actor_for, role_decisions
from tandem.accounts.rules import ADMINS_OWN, Role, permissions_of
from tandem.accounts.slots import guarded_kinds
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Scope
from tandem.kernel.errors import Invalid, Refused
from tandem.kernel.permissions import declared
from tandem.kernel.undo import undo

RULES = (RoleVerb, RoleScope, HiddenField)


def rows():
    return [model.objects.count() for model in RULES]


def undone(actor):
    made = last_change_set()
    assert made is not None
    undo(actor, made)


def test_a_role_is_given_a_right_and_loses_one(admin, make_user):
    seller = make_user("seller")
    usual = permissions_of("seller")
    held = (usual | {"campaigns.create"}) - {"people.create"}
    assert held - usual
    assert usual - held
    viewer = make_user("viewer")
    actions.set_verbs(admin, Role.SELLER, held=held)
    assert actor_for(seller).permissions == held
    assert actor_for(viewer).permissions == permissions_of("viewer")
    undone(admin)
    assert actor_for(seller).permissions == usual


def test_what_is_as_usual_leaves_no_row(admin):
    actions.set_verbs(admin, Role.SELLER, held=permissions_of("seller") | {"people.delete"})
    assert rows() == [1, 0, 0]
    actions.set_verbs(admin, Role.SELLER, held=permissions_of("seller"))
    actions.set_scopes(admin, Role.SELLER, scopes={"person": Scope.TEAM})
    assert rows() == [0, 0, 0]


@pytest.mark.parametrize("scope", Scope)
def test_a_role_sees_as_far_as_decided(admin, make_user, scope):
    seller = make_user("seller")
    actions.set_scopes(admin, Role.SELLER, scopes={"person": scope})
    found = actor_for(seller)
    assert found.scope_of("person") is scope
    assert found.scope_of("company") is Scope.TEAM
    actions.set_scopes(admin, Role.SELLER, scopes={"person": Scope.TEAM})
    assert actor_for(seller).scope_of("person") is Scope.TEAM


@pytest.mark.parametrize(
    ("refusal", "call"),
    [
        (AdminStays, lambda a: actions.set_verbs(a, Role.ADMIN, held=[])),
        (AdminStays, lambda a: actions.set_scopes(a, Role.ADMIN, scopes={"person": Scope.NONE})),
        (AdminStays, lambda a: actions.hide_fields(a, Role.ADMIN, "person", fields=["phone"])),
        (OnlyAdmins, lambda a: actions.set_verbs(a, Role.MANAGER, held=[*ADMINS_OWN])),
        (NameStays, lambda a: actions.hide_fields(a, Role.SELLER, "person", fields=["name"])),
        (Invalid, lambda a: actions.set_verbs(a, Role.SELLER, held=["people.fly"])),
        (Invalid, lambda a: actions.set_scopes(a, Role.SELLER, scopes={"unicorn": Scope.ALL})),
        (Invalid, lambda a: actions.hide_fields(a, Role.SELLER, "person", fields=["wings"])),
        (Invalid, lambda a: actions.hide_fields(a, Role.SELLER, "unicorn", fields=[])),
    ],
)
def test_what_cannot_be_decided_is_refused_and_changes_nothing(admin, refusal, call):
    with pytest.raises(refusal):
        call(admin)
    assert rows() == [0, 0, 0]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_decide(make_actor, role):
    actor = make_actor(role)
    for call in (
        lambda: actions.set_verbs(actor, role, held=[*declared()]),
        lambda: actions.set_scopes(actor, role, scopes={"person": Scope.ALL}),
        lambda: actions.hide_fields(actor, role, "person", fields=[]),
    ):
        with pytest.raises(Refused):
            call()
    assert rows() == [0, 0, 0]


@pytest.mark.parametrize("model", RULES)
def test_the_database_keeps_administrators_as_they_are(admin, model):
    fields = {"permission": "a.b", "is_held": False} if model is RoleVerb else {"kind": "person"}
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(role="admin", created_in_id=1, **fields)


def test_every_kind_of_record_can_have_hidden_fields_but_never_its_name(admin):
    for kind in guarded_kinds():
        keys = [one.key for one in kind.fields]
        assert "name" not in keys
        actions.hide_fields(admin, Role.VIEWER, kind.kind, fields=keys)
    hidden = role_decisions()["viewer"].hidden
    assert hidden == {kind.kind: frozenset(f.key for f in kind.fields) for kind in guarded_kinds()}


# --- pages ----------------------------------------------------------------------------------------


def test_the_pages_show_and_save_what_is_decided(sign_in, make_user):
    browser = sign_in(make_user("admin"))
    seller = make_user("seller")
    role = reverse("accounts:role", args=["seller"])
    assert browser.get(reverse("accounts:roles")).status_code == 200
    shown = browser.get(role).content.decode()
    assert "Hidden fields: People" in shown
    scopes = {kind.kind: "all" for kind in guarded_kinds() if kind.is_scoped}
    assert browser.post(role, {**scopes, "deal": "own"}).status_code == 303
    assert actor_for(seller).scope_of("deal") is Scope.OWN
    assert actor_for(seller).scope_of("person") is Scope.ALL
    fields = reverse("accounts:hidden_fields", args=["seller", "person"])
    assert browser.post(fields, {"fields": ["phone", "country"]}).status_code == 303
    assert actor_for(seller).hidden == {"person": frozenset({"phone", "country"})}
    assert browser.get(fields).content.decode().count(" checked") == 2
    assert browser.post(fields, {}).status_code == 303
    assert actor_for(seller).hidden == {}
    rights = reverse("accounts:role_rights", args=["seller"])
    assert browser.post(rights, {"people": ["people.view"]}).status_code == 303
    assert actor_for(seller).permissions == {"people.view"}


@pytest.mark.parametrize(
    ("address", "data", "status"),
    [
        ("roles/king", None, 404),
        ("roles/seller/fields/unicorn", None, 404),
        ("roles/admin/fields/person", {"fields": ["phone"]}, 404),
        ("roles/seller/fields/person", {"fields": ["name"]}, 422),
        ("roles/seller/rights", {"accounts": ["accounts.manage_users"]}, 422),
        ("roles/seller", {"person": "everything"}, 422),
    ],
)
def test_what_a_page_does_not_take(sign_in, make_user, address, data, status):
    browser = sign_in(make_user("admin"))
    url = f"{reverse('accounts:own_settings')}{address}"
    answer = browser.get(url) if data is None else browser.post(url, data)
    assert answer.status_code == status
    assert rows() == [0, 0, 0]


@pytest.mark.parametrize("role", ["manager", "marketer", "seller", "viewer"])
def test_other_roles_do_not_open_them(sign_in, make_user, role):
    browser = sign_in(make_user(role))
    for address in ("roles", "roles/seller", "roles/seller/fields/person"):
        assert browser.get(f"{reverse('accounts:own_settings')}{address}").status_code == 403


def test_administrators_have_a_page_without_choices(sign_in, make_user):
    browser = sign_in(make_user("admin"))
    shown = browser.get(reverse("accounts:role", args=["admin"])).content.decode()
    assert 'name="person"' not in shown
    answer = browser.post(reverse("accounts:role", args=["admin"]), {"person": "none"})
    assert answer.status_code in (409, 422)
    assert rows() == [0, 0, 0]
