"""A copy of all that is stored about somebody, by API: a worker puts it together."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema, Status

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.records.actions import ask_disclosure
from tandem.records.slots import ERASABLE, ObjectType


class DisclosureOut(Schema):
    """A copy that is being made. ``progress`` is the address that tells how far it is; the result
    there names the ``export`` under which the archive can be fetched for a week."""

    state: Literal["running"]
    progress: str


def add_disclosure(router: Router, object_type: ObjectType) -> None:
    """The operation on one record of a kind that is of persons."""
    if ERASABLE.get(object_type.kind) is None:
        return

    @router.post(
        "/{uuid:public_id}/export",
        response={202: DisclosureOut, **REFUSALS},
        operation_id=f"{object_type.kind}_export",
    )
    @asks_for("records.disclose")
    def export_one(request: HttpRequest, public_id: UUID) -> Any:
        """Have all that is stored about somebody put into one archive, for themselves."""
        made = ask_disclosure(actor_of(request), object_type, public_id)
        to = reverse("api:get_progress", args=[made.public_id])
        return Status(202, {"state": "running", "progress": to})
