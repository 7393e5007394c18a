"""Routes of what a segment's page does beside what every record's page does."""

from django.urls import path

from tandem.segments.views import conditions, overlap, tree

app_name = "segments"

urlpatterns = [
    path("segments/overlap", overlap.overlap, name="overlap"),
    path("segments/<uuid:public_id>/condition", conditions.condition, name="condition"),
    path("segments/<uuid:public_id>/nodes", tree.edit, name="edit"),
    path("segments/<uuid:public_id>/definition", tree.definition, name="definition"),
    path("segments/<uuid:public_id>/publication", tree.publication, name="publication"),
    path("segments/<uuid:public_id>/reasons", tree.reasons, name="reasons"),
    path("segments/<uuid:public_id>/snapshot", tree.snapshot, name="snapshot"),
]
