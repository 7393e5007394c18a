"""What rooms above add to the page of a campaign's results."""

from typing import Protocol, runtime_checkable

from django.http import HttpRequest
from django.utils.safestring import SafeString

from tandem.campaigns.models import Campaign
from tandem.kernel.actor import Actor
from tandem.kernel.slots import Slot


@runtime_checkable
class ResultsSection(Protocol):
    """A section of the results of a campaign, below its channels."""

    order: int

    def shows(self, actor: Actor) -> bool: ...

    def render(self, request: HttpRequest, campaign: Campaign) -> SafeString: ...


RESULTS_SECTIONS: Slot[ResultsSection] = Slot("results section", ResultsSection)
