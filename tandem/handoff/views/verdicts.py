"""What one does at the seam, as posts of its pages."""

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tandem.handoff import actions, queries
from tandem.handoff.models import Handoff
from tandem.handoff.schemas import ChangeHandoff, NewLead, Rejection, Reply, TouchIn
from tandem.handoff.views.words import CODES, said
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.people.queries import person_by_public_id
from tandem.ui.forms import submit
from tandem.ui.responses import Toast, see_other


@require_POST
@page(permission="handoff.answer")
def acceptance(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    handoff = actions.accept_handoff(request.actor, public_id)
    name = handoff.lead.person.name
    toast = Toast(_("Accepted: %(name)s") % {"name": name}, undo=last_change_set())
    return see_other(request, _offer(handoff), toast=toast)


@require_POST
@page(permission="handoff.answer")
def rejection(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Give it back; the next one that waits opens."""
    data = submit(Rejection, request.POST).value
    handoff = actions.reject_handoff(request.actor, public_id, data=data)
    words = _("Back to marketing: %(name)s, %(reason)s") % {
        "name": handoff.lead.person.name,
        "reason": said(CODES, handoff.rejection_code).lower(),
    }
    return see_other(request, _next(request), toast=Toast(words, undo=last_change_set()))


@require_POST
@page(permission="handoff.reply")
def reply(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    data = submit(Reply, request.POST).value
    handoff = actions.reply_to_rejection(request.actor, public_id, data=data)
    words = _("Replied on %(name)s") % {"name": handoff.lead.person.name}
    toast = Toast(words, undo=last_change_set())
    if request.GET.get("to") == "sent":
        return see_other(request, reverse("handoff:sent"), toast=toast)
    return see_other(request, _offer(handoff), toast=toast)


@require_POST
@page(permission="handoff.answer")
def touch(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    data = submit(TouchIn, request.POST).value
    handoff = actions.log_touch(request.actor, public_id, data=data)
    return see_other(request, _offer(handoff), toast=Toast(_("Logged"), undo=last_change_set()))


@require_POST
@page(permission="handoff.assign")
def owner(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    data = submit(ChangeHandoff, request.POST).value
    handoff = actions.change_handoff(request.actor, public_id, data=data)
    words = _("Offered to %(name)s") % {"name": handoff.owner or ""}
    return see_other(request, _offer(handoff), toast=Toast(words, undo=last_change_set()))


@require_POST
@page(permission="handoff.create")
def withdrawal(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    actions.withdraw_handoff(request.actor, public_id)
    toast = Toast(_("The offer is taken back"), undo=last_change_set())
    return see_other(request, reverse("handoff:sent"), toast=toast)


@require_POST
@page(permission="handoff.create")
def new_lead(request: ActorRequest, person_id: UUID) -> HttpResponseBase:
    """Hand a person off to sales."""
    given = request.POST.copy()
    given["person"] = str(person_id)
    person = person_by_public_id(request.actor, person_id)
    _lead, is_new = actions.create_lead(request.actor, data=submit(NewLead, given).value)
    words = _("%(name)s is handed off to sales") if is_new else _("%(name)s has an open lead")
    toast = Toast(words % {"name": person.name}, undo=last_change_set() if is_new else None,
                  tone="ok" if is_new else "warn")  # fmt: skip
    return see_other(request, reverse("records:record", args=["people", person_id]), toast=toast)


def _offer(handoff: Handoff) -> str:
    return reverse("handoff:offer", args=[handoff.public_id])


def _next(request: ActorRequest) -> str:
    """The next offer that waits for the reader."""
    row = queries.queue_of(request.actor, only_own=True).filter(turn=1).first()
    return _offer(row) if row is not None else reverse("handoff:inbox")
