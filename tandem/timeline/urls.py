from django.urls import path

from tandem.timeline import views

app_name = "timeline"

urlpatterns = [
    path("timeline/<slug:slug>/<uuid:public_id>", views.story, name="story"),
]
