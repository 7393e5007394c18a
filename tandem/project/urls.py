"""The URL table: assembly only."""

from django.urls import include, path

from tandem.accounts.urls import sign_in_patterns

handler400 = "tandem.ui.error_pages.bad_request"
handler403 = "tandem.ui.error_pages.refused"
handler429 = "tandem.accounts.views.sign_in.too_fast"
handler404 = "tandem.ui.error_pages.missing"
handler500 = "tandem.project.failures.failed"

urlpatterns = [
    path("api/v1/", include("tandem.api.urls")),
    path("accounts/", include(sign_in_patterns)),
    path("settings/", include("tandem.accounts.urls")),
    path("", include("tandem.delivery.urls")),
    path("", include("tandem.notifications.urls")),
    path("", include("tandem.ui.urls")),
    path("", include("tandem.measures.urls")),
    path("", include("tandem.timeline.urls")),
    path("", include("tandem.consent.urls")),
    path("", include("tandem.capture.urls")),
    path("", include("tandem.segments.urls")),
    path("", include("tandem.campaigns.urls")),
    path("", include("tandem.handoff.urls")),
    path("", include("tandem.insight.urls")),
    path("", include("tandem.deals.urls")),
    path("", include("tandem.people.urls")),
    path("", include("tandem.web.urls")),
    path("", include("tandem.records.urls")),
]
