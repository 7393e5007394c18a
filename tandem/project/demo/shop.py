"""What the demo company shows to the public, and what it plans: forms, pages, campaigns."""

import datetime as dt
from decimal import Decimal

from tandem.campaigns.actions import add_cost, attach_asset, create_campaign
from tandem.campaigns.models import Campaign
from tandem.campaigns.schemas import AssetInput, CostInput, NewCampaign
from tandem.capture.actions import create_form, create_page
from tandem.capture.models import Form
from tandem.capture.schemas import NewForm, NewPage
from tandem.kernel.actor import Actor
from tandem.project.demo.world import CAMPAIGNS, PlannedCampaign
from tandem.segments.actions import create_segment
from tandem.segments.schemas import NewSegment

# Where "Walk the seam" begins.
PAGE = "winter-tins"
CAMPAIGN = "winter-tins-2026"

CONSENT = (
    "Yes, send me trade news and offers by mail, about once a month. I can stop it with one click"
    " in every mail."
)
_ASKS = (
    "name | Your name * | text\nemail | Mail address * | email\nphone | Telephone | phone\n"
    "company | Shop or company | text\nx_catalogue | Shall we send a catalogue?\n"
    "message | What are you looking for? | long"
)
_FORMS = (
    ("trade-samples", "Trade samples", "demo", True, "Send me the samples"),
    ("call-back", "Call back about trade terms", "call_back", True, "Call me back"),
    ("price-list", "Trade price list", "pricing", True, "Send me the prices"),
    ("newsletter", "Trade news", "newsletter", False, "Keep me posted"),
)
_BODY = """\
# Made in Kelso, filled by you

+ From 48 tins: eighteen pounds a dozen for new stockists until the end of November.
+ Shelf-ready: every case opens into a display, no wrapping to throw away.
+ Your own name: own labels from 300 tins, eight weeks from proof to door.

> The robin tin sold out twice before Advent. — A garden shop in Hexham

- Carriage paid from £150
- Thirty days for shops that we know
- One person who answers, by name
"""


def open_shop(actor: Actor) -> dict[str, Form]:
    """Make forms and the landing page, and publish them; the forms by their addresses."""
    forms = {}
    for slug, name, kind, raises_hand, button in _FORMS:
        forms[slug], _is_new = create_form(
            actor,
            data=NewForm(
                name=name,
                slug=slug,
                fields=_ASKS if raises_hand else "name | Your name | text\nemail | Mail * | email",
                status="published",
                raises_hand=raises_hand,
                contact_kind=kind,
                intro="We answer within one working day, and nobody else gets your address.",
                button=button,
                consent_wording=CONSENT,
                thanks="Thank you. Somebody of our trade team will be in touch by name.",
            ),
        )
    create_page(
        actor,
        data=NewPage(
            name="Winter Tins 2026",
            slug=PAGE,
            headline="Tins that sell themselves before Christmas",
            lead="Gift tins for shops that choose with care: order a case of samples, free for"
            " trade, and put them on your counter next week.",
            blocks=_BODY,
            form="trade-samples",
            status="published",
        ),
    )
    return forms


def plan_campaigns(actor: Actor, today: dt.date, forms: dict[str, Form]) -> dict[str, Campaign]:
    """Plan the campaigns and note what they have cost so far, week by week; by code."""
    made = {}
    for planned in CAMPAIGNS:
        campaign, _is_new = create_campaign(
            actor,
            data=NewCampaign(
                name=planned.name,
                code=planned.code,
                aim=planned.aim,
                starts_on=today + dt.timedelta(days=planned.starts),
                ends_on=today + dt.timedelta(days=planned.ends),
                budget=Decimal(planned.budget),
                goal=Decimal(planned.goal),
            ),
        )
        for cost in costs_of(planned, today):
            add_cost(actor, campaign.public_id, data=cost)
        made[planned.code] = campaign
    page = forms["trade-samples"].pages.get()
    asset = AssetInput(kind="page", id=page.public_id)
    attach_asset(actor, made[CAMPAIGN].public_id, data=asset)
    return made


def costs_of(planned: PlannedCampaign, today: dt.date) -> list[CostInput]:
    """What a campaign has cost until today: each way's money in four even bills."""
    first, last = planned.starts, min(planned.ends, -1)
    days = [first + round((last - first) * part / 3) for part in range(4)]
    return [
        CostInput(
            on=today + dt.timedelta(days=day),
            amount=Decimal(pounds) / 4,
            channel=way.channel,
            note=f"Bill {number} of 4",
        )
        for way, _share, pounds in planned.ways
        for number, day in enumerate(days, 1)
    ]


def make_segments(actor: Actor) -> None:
    """What this company looks at again and again: who is warm, who is left alone by sales."""
    prices = {
        "kind": "did",
        "event": {
            "name": "page",
            "where": [{"field": "url", "test": "contains", "value": "/trade"}],
        },
        "times": {"at_least": 2},
        "window": {"last": {"days": 60}},
    }
    british = {"kind": "person", "where": {"field": "country", "is": "any_of", "value": ["GB"]}}
    with_deal = {
        "kind": "person",
        "where": {
            "related": "deals",
            "is": "any",
            "where": {
                "op": "and",
                "items": [{"field": "status", "is": "any_of", "value": ["open"]}],
            },
        },
    }
    warm, _is_new = create_segment(
        actor,
        data=NewSegment(
            name="Looked at trade terms twice",
            note="Whoever reads the trade page again and again thinks of stocking us.",
            who={"kind": "all", "of": [prices]},
        ),
    )
    of_warm = {"kind": "segment", "id": str(warm.public_id)}
    create_segment(
        actor,
        data=NewSegment(
            name="Warm in Britain, without an open deal",
            who={"kind": "all", "of": [of_warm, british, {"kind": "none", "of": [with_deal]}]},
        ),
    )
