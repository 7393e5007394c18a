"""Routes of the hand-off pages; they stand before those of the records."""

from django.urls import path

from tandem.handoff.views import inbox, ledger, panels, verdicts

app_name = "handoff"

urlpatterns = [
    path("handoffs", inbox.inbox, name="inbox"),
    path("handoffs/sent", ledger.sent, name="sent"),
    path("handoffs/of/<slug:kind>/<uuid:public_id>", panels.panel, name="panel"),
    path("handoffs/new/<uuid:person_id>", verdicts.new_lead, name="new-lead"),
    path("handoffs/<uuid:public_id>", inbox.offer, name="offer"),
    path("handoffs/<uuid:public_id>/acceptance", verdicts.acceptance, name="acceptance"),
    path("handoffs/<uuid:public_id>/rejection", verdicts.rejection, name="rejection"),
    path("handoffs/<uuid:public_id>/reply", verdicts.reply, name="reply"),
    path("handoffs/<uuid:public_id>/touches", verdicts.touch, name="touch"),
    path("handoffs/<uuid:public_id>/owner", verdicts.owner, name="owner"),
    path("handoffs/<uuid:public_id>/withdrawal", verdicts.withdrawal, name="withdrawal"),
]
