"""Hosted forms below ``f/``, landing pages below ``p/``."""

from django.urls import path

from tandem.capture.views import collection, public, texts

app_name = "capture"

urlpatterns = [
    path("forms/<uuid:public_id>/questions", texts.questions, name="questions"),
    path("pages/<uuid:public_id>/body", texts.body, name="body"),
    path("settings/collection", collection.collection, name="collection"),
    path("f/<slug:slug>", public.hosted_form, name="form"),
    path("f/<slug:slug>/thanks", public.form_thanks, name="form-thanks"),
    path("p/<slug:slug>", public.landing_page, name="page"),
    path("p/<slug:slug>/thanks", public.page_thanks, name="page-thanks"),
]
