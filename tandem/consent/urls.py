"""Links for the person alone: to confirm below ``c/``, to choose and to stop below ``u/``."""

from django.urls import path

from tandem.consent.views import public

app_name = "consent"

urlpatterns = [
    path("c/<str:token>", public.confirmation, name="confirmation"),
    path("u/<str:token>", public.preferences, name="preferences"),
]
