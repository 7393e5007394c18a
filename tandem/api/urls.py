"""Routes of the API."""

from django.urls import path

from tandem.api.api import build_api

api = build_api()

urlpatterns = [path("", api.urls)]
