"""Who of us can introduce us to a person."""

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.kernel.doors import ActorRequest, page
from tandem.people import queries
from tandem.people.models import TIE_LABELS, Person
from tandem.ui.responses import render


@require_GET
@page(permission="people.view")
def introductions(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    person = queries.person_by_public_id(request.actor, public_id)
    ways = [
        (
            way.colleague,
            [(one, _url(one), TIE_LABELS[tie] if tie else "") for one, tie in way.steps],
        )
        for way in queries.ways_in(request.actor, person)
    ]
    context = {
        "person": person,
        "url": _url(person),
        "ways": ways,
        "page_title": _("Ways to %(name)s") % {"name": person.name},
    }
    return render(request, "people/ways.html", context, fragment="dialog")


def _url(person: Person) -> str:
    return reverse("records:record", args=["people", person.public_id])
