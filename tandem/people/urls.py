"""Routes of what belongs to persons and companies, and of the ways to a person."""

from django.urls import path

from tandem.people.views import parts, ways
from tandem.people.views.parts import PARTS

app_name = "people"

urlpatterns = [
    *(
        path(f"{part.slug}/<uuid:public_id>/{key}", parts.add_part, {"key": key}, name=f"{key}-add")
        for key, part in PARTS.items()
    ),
    *(
        path(
            f"{part.slug}/<uuid:public_id>/{key}/<int:number>",
            parts.change_part,
            {"key": key},
            name=f"{key}-change",
        )
        for key, part in PARTS.items()
    ),
    *(
        path(
            f"{part.slug}/<uuid:public_id>/{key}/<int:number>/removal",
            parts.remove_part,
            {"key": key},
            name=f"{key}-remove",
        )
        for key, part in PARTS.items()
    ),
    *(
        path(
            f"{part.slug}/<uuid:public_id>/{key}/<int:number>/main",
            parts.make_main,
            {"key": key},
            name=f"{key}-main",
        )
        for key, part in PARTS.items()
        if "is_primary" in part.change.model_fields
    ),
    path("people/<uuid:public_id>/introductions", ways.introductions, name="introductions"),
]
