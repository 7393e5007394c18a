"""The second lock against the first: each view of the reporting role, row by row and column by
column, is what ``visible_to`` and ``fields_for`` give to the same user, for every kind and scope.
"""

import json

import pytest
import time_machine
from django.db import connection
from django.db.models import F

from tandem.accounts.actions import hide_fields, set_scopes
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.accounts.slots import guarded_kinds
from tandem.kernel.actor import Scope
from tandem.project import reporting
from tandem.records.slots import OBJECT_TYPES, FieldType
from tests.doors.world import AT, found_world, furnish
from tests.project.test_reporting import as_reporting, token
from tests.project.test_reporting import roles as roles


@pytest.fixture
def world(db, roles, system, make_user, settings, tmp_path):
    """Everything three times: Priya's, her colleague's, and that of a seller of another team."""
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(AT, tick=False):
        found = found_world(system, make_user)
        for name, mark in (("mate", "Qmate"), ("tom", "Zfar")):
            furnish(system, found.users[name], mark=mark, form=found.form)
    connection.check_constraints()  # a table with checks that wait cannot be altered
    reporting.switch_on()
    return found


def shown(raw, kind):
    """The rows of a view as the reporting role reads them, by id."""
    view = kind.slug.replace("-", "_")
    with as_reporting(raw) as cursor:
        cursor.execute(f"SELECT * FROM reporting.{view} ORDER BY id")
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if kind.is_customisable:  # the product's connection leaves JSON to the ORM, which parses it
        for row in found:
            row["fields"] = json.loads(row["fields"])
    return found


def expected(actor, kind):
    """The same as the product reads it: the rows in sight, without what is hidden."""
    if not actor.may(kind.permissions.view):
        return []
    there = {field.key for field in kind.fields_for(actor)}
    columns = [one for one in kind.fields if one.is_column and one.type is not FieldType.TAGS]
    rows = kind.visible_to(actor).order_by("id")
    found = rows.values_list("id", "public_id", *[F(one.path) for one in columns])
    keys = ["id", "public_id", *(one.key for one in columns)]
    told = [dict(zip(keys, row, strict=True)) for row in found]
    named = {one.key: one.path.rpartition("__")[0] for one in columns if "__" in one.path}
    for key, hop in named.items():
        to = named_kind(hop)
        if to is None or key not in there:
            continue
        seen = set(to.visible_to(actor).values_list("pk", flat=True))
        for row, pointed in zip(told, rows.values_list(f"{hop}__pk", flat=True), strict=True):
            row[key] = row[key] if pointed in seen else None
    for row in told:
        row.update({key: None for key in keys[2:] if key not in there})
    if kind.is_customisable:
        for row, values in zip(told, rows.values_list("x", flat=True), strict=True):
            row["fields"] = {key: one for key, one in values.items() if key in there}
    return told


def named_kind(hop):
    """The kind of record that a path leads to; None where it leads to a part, or to what all see:
    the name of a related record that is out of sight is left empty in reports."""
    word = hop.rpartition("__")[2]
    kind = OBJECT_TYPES.get({"parent": "company"}.get(word, word))
    return kind if kind is not None and kind.is_scoped else None


def differences(raw, actor):
    """Where the two disagree."""
    found: list[tuple[object, ...]] = []
    for kind in reporting.reported_kinds():
        here, there = shown(raw, kind), expected(actor, kind)
        if [row["id"] for row in here] != [row["id"] for row in there]:
            found.append((kind.kind, len(here), len(there)))
            continue
        for one, other in zip(here, there, strict=True):
            found += [
                (kind.kind, key, one[key], other[key]) for key in other if one[key] != other[key]
            ]
    return found


@pytest.mark.parametrize("scope", Scope)
def test_each_scope_sees_the_same_of_every_kind(world, admin, scope):
    kinds = [kind.kind for kind in reporting.reported_kinds()]
    set_scopes(admin, Role.SELLER, scopes=dict.fromkeys(kinds, scope))
    for name in ("priya", "tom"):
        user = world.users[name]
        assert differences(token(user), actor_for(user)) == []
    mine = [len(shown(token(world.users["priya"]), kind)) for kind in reporting.reported_kinds()]
    assert all(mine) is (scope is not Scope.NONE)
    theirs = [len(shown(token(world.users["tom"]), kind)) for kind in reporting.reported_kinds()]
    assert (mine == theirs) is (scope in (Scope.ALL, Scope.NONE, Scope.OWN))


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_the_same_values_with_and_without_hidden_fields(
    world, admin, make_user, role
):
    user = make_user(role)
    raw = token(user)
    assert differences(raw, actor_for(user)) == []
    if role == Role.ADMIN:
        return
    for guarded in guarded_kinds():
        hide_fields(admin, role, guarded.kind, fields=[field.key for field in guarded.fields])
    actor = actor_for(user)
    assert differences(raw, actor) == []
    for kind in reporting.reported_kinds():
        for row in shown(raw, kind):
            told = {key: one for key, one in row.items() if one not in (None, {})}
            assert set(told) <= {"id", "public_id", kind.name_key}, kind.kind
