"""Routes of the pages that speak of both teams."""

from django.urls import path

from tandem.insight.views import attribution, funnels, sites

app_name = "insight"

urlpatterns = [
    path("attribution", attribution.report, name="attribution"),
    path("sites", sites.report, name="sites"),
    path("sites/funnel", funnels.funnel, name="funnel"),
]
