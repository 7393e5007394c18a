"""What rooms above put onto the page of a hand-off: opening a deal, deals won from the like."""

from typing import Protocol, runtime_checkable

from django.http import HttpRequest
from django.utils.safestring import SafeString

from tandem.handoff.models import Handoff
from tandem.kernel.slots import Slot


@runtime_checkable
class OfferPart(Protocol):
    """A part of a hand-off's page: ``place`` is "work" (below the reasons, once it was accepted)
    or "aside"; an empty answer shows nothing."""

    place: str
    order: int

    def render(self, request: HttpRequest, handoff: Handoff) -> SafeString: ...


OFFER_PARTS: Slot[OfferPart] = Slot("offer part", OfferPart)


def parts_of(request: HttpRequest, handoff: Handoff, place: str) -> list[SafeString]:
    """What the rooms above show in a place, in their order."""
    here = sorted((one for one in OFFER_PARTS if one.place == place), key=lambda one: one.order)
    return [shown for one in here if (shown := one.render(request, handoff))]
