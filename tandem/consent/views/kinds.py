"""The stop list as a kind of record."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from tandem.consent import actions, queries
from tandem.consent.models import STOP_LABELS, Suppression
from tandem.consent.rules import StopReason
from tandem.consent.schemas import ChangeSuppression, NewSuppression, SuppressionOut
from tandem.records.slots import (
    OBJECT_TYPES,
    Choice,
    Field,
    FieldType,
    ObjectType,
    Permissions,
    Privacy,
)
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section

TONES: Mapping[StopReason, str] = {
    StopReason.COMPLAINED: "bad",
    StopReason.BOUNCED: "warn",
    StopReason.INVALID: "warn",
}


def reason_choices() -> list[Choice]:
    """Why an address may stand on the stop list."""
    return [Choice(str(one), STOP_LABELS[one], TONES.get(one, "")) for one in StopReason]


def suppression_output(row: Suppression) -> dict[str, Any]:
    """An entry of the stop list as the API answers it."""
    return SuppressionOut(
        id=row.public_id,
        address=row.address,
        reason=row.reason,
        note=row.note,
        created_at=row.created_at,
    ).model_dump()


_T = FieldType

SUPPRESSION = ObjectType(
    kind="suppression",
    slug="suppressions",
    model=Suppression,
    label=gettext_lazy("Stop"),
    label_plural=gettext_lazy("Stop list"),
    icon="ban",
    shortcut="",
    permissions=Permissions(
        view="consent.view",
        create="consent.suppress",
        edit="consent.edit_stop",
        delete="consent.lift",
    ),
    fields=(
        Field(
            "address",
            gettext_lazy("Address"),
            _T.EMAIL,
            width="w-name",
            privacy=Privacy.PERSONAL,
        ),
        Field("reason", gettext_lazy("Reason"), _T.CHOICE, choices=reason_choices, width="w-mid"),
        Field("note", gettext_lazy("Note"), _T.TEXT),
        Field("created_at", gettext_lazy("Since"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("address", "reason", "note", "created_at"),
    default_sort="-created_at",
    visible_to=queries.suppressions_visible_to,
    prepare=lambda rows: rows,
    search=queries.search_suppressions,
    name_of=lambda row: row.address or str(gettext_lazy("Somebody who was erased")),
    subtitle_of=lambda row: str(row.get_reason_display()),
    subtitle_fields=("reason",),
    input_schema=NewSuppression,
    change_schema=ChangeSuppression,
    output_schema=SuppressionOut,
    output=suppression_output,
    create=actions.create_suppression,
    update=actions.change_suppression,
    delete=actions.delete_suppression,
    match_keys=("address", "reason"),
    privacy=Privacy.PERSONAL,
)

OBJECT_TYPES.register(SUPPRESSION.kind, SUPPRESSION)

navigation.register(
    NavItem(
        key="suppressions",
        label=gettext_lazy("Stop list"),
        icon="ban",
        url_name="records:list",
        args=("suppressions",),
        section=Section.MARKETING,
        order=80,
        permission="consent.view",
    ),
)
