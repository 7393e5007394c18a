"""Routes of the pages that belong to no single room."""

from django.urls import path

from tandem.web import views

app_name = "web"

urlpatterns = [
    path("", views.home, name="home"),
    path("home/<slug:key>", views.home_panel, name="home-panel"),
    path("sending/release", views.sending_release, name="release-sending"),
    path("search", views.search, name="search"),
]
