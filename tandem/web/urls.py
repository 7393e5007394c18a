"""Routes of the pages that belong to no single room."""

from django.urls import path

from tandem.web import views, walk

app_name = "web"

urlpatterns = [
    path("", views.front, name="home"),
    path("home/<slug:key>", views.home_panel, name="home-panel"),
    path("sending/release", views.sending_release, name="release-sending"),
    path("walk", walk.walk, name="walk"),
    path("walk/start", walk.start, name="walk-start"),
    path("search", views.search, name="search"),
]
