"""Roles: what each sees and may do, and which fields are hidden from it."""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.http import HttpResponseBase
from django.urls import register_converter, reverse
from django.urls.converters import SlugConverter
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from pydantic import BaseModel, Field, create_model

from tandem.accounts import actions
from tandem.accounts.models import ROLE_LABELS, SCOPE_LABELS, User
from tandem.accounts.queries import role_decisions
from tandem.accounts.rules import ADMINS_OWN, Role
from tandem.accounts.slots import GuardedKind, guarded_kinds
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Scope
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.kernel.permissions import declared
from tandem.ui.forms import Form, submit
from tandem.ui.responses import Toast, render, see_other


class RoleConverter(SlugConverter):
    """A role by its word in an address; another word is no such page."""

    def to_python(self, value: str) -> Role:
        return Role(value)

    def to_url(self, value: Any) -> str:
        return str(Role(value))


register_converter(RoleConverter, "role")


class _HiddenInput(BaseModel):
    fields: list[str] = Field(default_factory=list)


@require_GET
@page(permission="accounts.manage_roles")
def roles(request: ActorRequest) -> HttpResponseBase:
    decided = role_decisions()
    counts = _counts()
    rows = [
        {
            "role": role,
            "label": label,
            "users": counts.get(role, 0),
            "rights": len(decided[role].permissions(role)),
            "of": len(declared()),
            "sees": _sees(decided[role].scopes(role)),
            "hidden": sum(len(keys) for keys in decided[role].hidden.values()),
            "is_fixed": role == Role.ADMIN,
        }
        for role, label in ROLE_LABELS.items()
    ]
    return render(request, "accounts/roles.html", {"roles": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_roles")
def role(request: ActorRequest, role: Role) -> HttpResponseBase:
    """How far a role sees, and what is hidden from it; its rights stand on the same page."""
    picks = {kind.kind: list(SCOPE_LABELS.items()) for kind in _scoped()}
    schema = _scopes_schema()
    if request.method == "POST":
        form = submit(schema, request.POST, choices=picks)
    else:
        form = Form(schema, initial=_scopes_now(role), choices=picks)
    with form.refusals():
        if form.is_submitted:
            actions.set_scopes(request.actor, role, scopes=form.value.model_dump())
            return _back(request, role)
    return _page(request, role, form, _rights_form(role))


@require_http_methods(["POST"])
@page(permission="accounts.manage_roles")
def rights(request: ActorRequest, role: Role) -> HttpResponseBase:
    """Give a role the rights that are ticked, and no others."""
    form = submit(_rights_schema(), request.POST, choices=_rights_offered())
    with form.refusals():
        if form.is_submitted:
            held = [name for names in form.value.model_dump().values() for name in names]
            actions.set_verbs(request.actor, role, held=held)
            return _back(request, role)
    picks = {kind.kind: list(SCOPE_LABELS.items()) for kind in _scoped()}
    return _page(
        request, role, Form(_scopes_schema(), initial=_scopes_now(role), choices=picks), form
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_roles")
def hidden_fields(request: ActorRequest, role: Role, kind: str) -> HttpResponseBase:
    """Which fields of a kind of record are hidden from a role."""
    found = next((one for one in guarded_kinds() if one.kind == kind), None)
    if found is None or role == Role.ADMIN:
        raise Missing()
    picks = {"fields": [(one.key, one.label) for one in found.fields]}
    if request.method == "POST":
        form = submit(_HiddenInput, request.POST, choices=picks)
    else:
        now = sorted(role_decisions()[role].hidden.get(kind, ()))
        form = Form(_HiddenInput, initial={"fields": now}, choices=picks)
    with form.refusals():
        if form.is_submitted:
            actions.hide_fields(request.actor, role, kind, fields=form.value.fields)
            return _back(request, role)
    context = {"role": role, "label": ROLE_LABELS[role], "kind": found, "form": form}
    return render(request, "accounts/hidden_fields.html", context, status=form.status)


def _page(
    request: ActorRequest, role: Role, scopes: Form[Any], held: Form[Any]
) -> HttpResponseBase:
    hidden = role_decisions()[role].hidden
    context = {
        "role": role,
        "label": ROLE_LABELS[role],
        "is_fixed": role == Role.ADMIN,
        "scopes": scopes,
        "held": held,
        "kinds": [
            (kind, scopes[kind.kind] if kind.is_scoped else None, _labels(kind, hidden))
            for kind in guarded_kinds()
        ],
        "rooms": [(held[room], _room_label(room)) for room in _rights_offered()],
    }
    return render(request, "accounts/role.html", context, status=max(scopes.status, held.status))


def _scoped() -> list[GuardedKind]:
    return [kind for kind in guarded_kinds() if kind.is_scoped]


def _scopes_schema() -> type[BaseModel]:
    fields: dict[str, Any] = {kind.kind: (Scope, ...) for kind in _scoped()}
    return create_model("Scopes", **fields)


def _scopes_now(role: Role) -> Mapping[str, Scope]:
    now = role_decisions()[role].scopes(role)
    return {kind.kind: now.get(kind.kind, now["*"]) for kind in _scoped()}


def _rights_schema() -> type[BaseModel]:
    fields: dict[str, Any] = {
        room: (list[str], Field(default_factory=list)) for room in _rights_offered()
    }
    return create_model("Rights", **fields)


def _rights_form(role: Role) -> Form[Any]:
    held = role_decisions()[role].permissions(role)
    offered = _rights_offered()
    initial = {
        room: [name for name, _l in names if name in held] for room, names in offered.items()
    }
    return Form(_rights_schema(), initial=initial, choices=offered)


def _rights_offered() -> dict[str, list[tuple[object, str | Promise]]]:
    """The rights that a role may be given, by room."""
    found: dict[str, list[tuple[object, str | Promise]]] = {}
    for name, permission in declared().items():
        if name not in ADMINS_OWN:
            found.setdefault(name.partition(".")[0], []).append((name, permission.label))
    return found


def _room_label(room: str) -> str | Promise:
    label: str | Promise = apps.get_app_config(room).verbose_name
    return label


def _labels(kind: GuardedKind, hidden: Mapping[str, frozenset[str]]) -> list[str | Promise]:
    keys = hidden.get(kind.kind, frozenset())
    return [one.label for one in kind.fields if one.key in keys]


def _sees(scopes: Mapping[str, Scope]) -> str | Promise:
    found = {scopes.get(kind.kind, scopes["*"]) for kind in _scoped()}
    return SCOPE_LABELS[found.pop()] if len(found) == 1 else _("by kind of record")


def _counts() -> dict[str, int]:
    found: dict[str, int] = {}
    for role in User.objects.get_queryset().active().values_list("role", flat=True):
        found[role] = found.get(role, 0) + 1
    return found


def _back(request: ActorRequest, role: Role) -> HttpResponseBase:
    toast = Toast(_("Saved"), undo=last_change_set())
    return see_other(request, reverse("accounts:role", args=[role]), toast=toast)
