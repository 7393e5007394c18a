from django.urls import path

from tandem.timeline import views

app_name = "timeline"

urlpatterns = [
    path("timeline/<slug:slug>/<uuid:public_id>", views.story, name="story"),
    path("timeline/<slug:slug>/<uuid:public_id>/order", views.order, name="order"),
    path("timeline/<slug:slug>/<uuid:public_id>/pins", views.pins, name="pins"),
    path(
        "timeline/<slug:slug>/<uuid:public_id>/pins/<uuid:event>/removal",
        views.pin_removal,
        name="pin_removal",
    ),
]
