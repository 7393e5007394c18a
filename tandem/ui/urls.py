"""Routes of the design system."""

from django.urls import path

from tandem.ui import progress, views

app_name = "ui"

urlpatterns = [
    path("palette", views.palette, name="palette"),
    path("keys", views.keys, name="keys"),
    path("theme", views.theme, name="theme"),
    path("undo", views.undo_last, name="undo-last"),
    path("undo/<uuid:public_id>", views.undo_change, name="undo"),
    path("jobs", progress.jobs, name="jobs"),
    path("jobs/<uuid:public_id>", progress.job, name="job"),
    path("jobs/<uuid:public_id>/cancellation", progress.cancellation, name="job-cancellation"),
    path("ui/components", views.gallery, name="gallery"),
    path("ui/components/answer", views.gallery_answer, name="gallery-answer"),
    path("ui/components/peek", views.gallery_peek, name="gallery-peek"),
    path("ui/components/cell", views.gallery_cell, name="gallery-cell"),
    path("ui/components/<slug:part>", views.gallery, name="gallery-part"),
]
