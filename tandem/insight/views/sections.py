"""What attribution says of one campaign, on the page of its results."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tandem.campaigns.models import Campaign
from tandem.campaigns.slots import RESULTS_SECTIONS
from tandem.insight.queries import REVENUE, attribution
from tandem.insight.schemas import By
from tandem.insight.views.attribution import MODEL_LABELS
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.measures.slots import MEASURES


class CampaignShares:
    """How much of the revenue each model gives to a campaign, in the campaign's currency."""

    order = 10

    def shows(self, actor: Actor) -> bool:
        return actor.may("insight.view") and MEASURES.get(REVENUE) is not None

    def render(self, request: HttpRequest, campaign: Campaign) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = attribution(actor, by=By.CAMPAIGN)
        amounts = {model: Money(0, campaign.currency) for model in MODEL_LABELS}
        for model in MODEL_LABELS:
            for share in found.shares[model]:
                if (share.key, share.amount.currency) == (campaign.code, campaign.currency):
                    amounts[model] = share.amount
        most = max(amount.minor for amount in amounts.values())
        least = min(amount.minor for amount in amounts.values())
        context = {
            "models": [
                (MODEL_LABELS[model], amount, amount.minor / most if most > 0 else 0.0)
                for model, amount in amounts.items()
            ],
            "is_given": bool(most or least),
            "apart": Money(most - least, campaign.currency),
        }
        return SafeString(render_to_string("insight/shares.html", context, request=request))


RESULTS_SECTIONS.register("insight.shares", CampaignShares())
