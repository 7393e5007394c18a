"""Routes of the pages of numbers."""

from django.urls import path

from tandem.measures import views

app_name = "measures"

urlpatterns = [
    path("measures", views.glossary, name="glossary"),
    path("measures/<slug:key>", views.one, name="measure"),
]
