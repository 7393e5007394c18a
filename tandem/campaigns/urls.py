"""Routes of what a campaign's page does beside what every record's page does."""

from django.urls import path

from tandem.campaigns.views import results

app_name = "campaigns"

urlpatterns = [
    path("campaigns/<uuid:public_id>/results", results.results, name="results"),
    path("campaigns/<uuid:public_id>/costs", results.new_cost, name="new-cost"),
    path(
        "campaigns/<uuid:public_id>/costs/<uuid:cost_id>/deletion",
        results.cost_removal,
        name="cost-removal",
    ),
    path("campaigns/<uuid:public_id>/assets", results.new_asset, name="new-asset"),
    path("campaigns/<uuid:public_id>/assets/removal", results.asset_removal, name="asset-removal"),
]
