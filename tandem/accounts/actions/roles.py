"""What a company decides about its roles: their rights, how far they see, what is hidden."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from tandem.accounts.errors import AdminStays, NameStays, OnlyAdmins
from tandem.accounts.models import HiddenField, RoleRule, RoleScope, RoleVerb
from tandem.accounts.rules import ADMINS_OWN, Role, permissions_of, scopes_of
from tandem.accounts.slots import GuardedKind, guarded_kinds
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Invalid
from tandem.kernel.permissions import declared


@action(permission="accounts.manage_roles")
def set_verbs(actor: Actor, role: Role, *, held: Collection[str]) -> None:
    """Give a role these rights and no others. Raises AdminStays, OnlyAdmins, Invalid."""
    _refuse_admin(role)
    unknown = set(held) - declared().keys()
    if unknown:
        raise Invalid(_("There is no such right: %(name)s.") % {"name": min(unknown)}, field="held")
    if ADMINS_OWN & set(held):
        raise OnlyAdmins(field="held")
    usual = permissions_of(role)
    wanted: dict[tuple[str, ...], Any] = {(name,): True for name in set(held) - usual}
    wanted |= {(name,): False for name in usual - set(held)}
    _replace(RoleVerb, role, ("permission",), "is_held", wanted)


@action(permission="accounts.manage_roles")
def set_scopes(actor: Actor, role: Role, *, scopes: Mapping[str, Scope]) -> None:
    """Say for kinds of record how far a role sees; others stay. Raises AdminStays, Invalid."""
    _refuse_admin(role)
    for kind in scopes:
        _known(kind)
    usual = scopes_of(role)
    now = dict(RoleScope.objects.filter(role=role).values_list("kind", "scope"))
    now |= {kind: str(scope) for kind, scope in scopes.items()}
    wanted: dict[tuple[str, ...], Any] = {
        (kind,): scope for kind, scope in now.items() if scope != usual.get(kind, usual["*"])
    }
    _replace(RoleScope, role, ("kind",), "scope", wanted)


@action(permission="accounts.manage_roles")
def hide_fields(actor: Actor, role: Role, kind: str, *, fields: Collection[str]) -> None:
    """Hide these fields of a kind of record, and no others of it, from a role.

    Raises AdminStays, NameStays, Invalid.
    """
    _refuse_admin(role)
    there = {one.key for one in _known(kind).fields}
    if "name" in fields:
        raise NameStays(field="fields")
    if unknown := set(fields) - there:
        text = _("There is no such field: %(name)s.") % {"name": min(unknown)}
        raise Invalid(text, field="fields")
    rows = HiddenField.objects.filter(role=role)
    others = rows.exclude(kind=kind).values_list("kind", "field")
    wanted: dict[tuple[str, ...], Any] = dict.fromkeys(others)
    wanted |= {(kind, field): None for field in fields}
    _replace(HiddenField, role, ("kind", "field"), "", wanted)


def _refuse_admin(role: Role) -> None:
    if role == Role.ADMIN:
        raise AdminStays()


def _known(kind: str) -> GuardedKind:
    found = next((one for one in guarded_kinds() if one.kind == kind), None)
    if found is None:
        raise Invalid(_("There is no such kind of record: %(name)s.") % {"name": kind})
    return found


def _replace(
    model: type[RoleRule],
    role: Role,
    keys: tuple[str, ...],
    value: str,
    wanted: Mapping[tuple[str, ...], Any],
) -> None:
    """Make the rows of a role these; what is as wanted stays untouched."""
    rows = model._default_manager.select_for_update().filter(role=role)
    there = {tuple(getattr(row, key) for key in keys): row for row in rows}
    gone = [row.pk for key, row in there.items() if key not in wanted]
    model._default_manager.filter(pk__in=gone).delete()
    for key, row in there.items():
        if value and key in wanted and getattr(row, value) != wanted[key]:
            model._default_manager.filter(pk=row.pk).update(**{value: wanted[key]})
    model._default_manager.bulk_create(
        model(role=role, **dict(zip(keys, key, strict=True)), **({value: one} if value else {}))
        for key, one in wanted.items()
        if key not in there
    )
