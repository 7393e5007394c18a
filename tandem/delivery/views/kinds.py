"""Messages as a kind of record: read only, made by what is done elsewhere."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.delivery import actions, queries
from tandem.delivery.models import CLASS_LABELS, STATE_LABELS, Message
from tandem.delivery.rules import MessageClass, MessageState, masked
from tandem.delivery.schemas import MessageOut, NothingIn
from tandem.delivery.views.words import TONES, state_words
from tandem.records.slots import (
    MERGED_TABLES,
    OBJECT_TYPES,
    Choice,
    Field,
    FieldType,
    MergedTable,
    ObjectType,
    Permissions,
    Privacy,
)
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section


def state_choices() -> list[Choice]:
    """Where a message may be."""
    return [Choice(str(one), STATE_LABELS[one], TONES.get(one, "")) for one in MessageState]


def class_choices() -> list[Choice]:
    """What a message is to its receiver."""
    return [Choice(str(one), CLASS_LABELS[one]) for one in MessageClass]


def shown_text(message: Message) -> str:
    """The text as colleagues see it: without links for the receiver alone."""
    return "" if message.is_confidential else masked(message.text)


def shown_html(message: Message) -> str:
    """The HTML as colleagues see it: without links for the receiver alone."""
    return "" if message.is_confidential else masked(message.html)


def message_output(message: Message) -> dict[str, Any]:
    """A message as the API answers it."""
    return MessageOut(
        id=message.public_id,
        message_id=message.message_id,
        message_class=message.message_class,
        purpose=message.purpose,
        channel=message.channel,
        person=message.person.public_id if message.person else None,
        to=message.to_address,
        subject=message.subject,
        text=shown_text(message),
        html=shown_html(message),
        state=message.state,
        reason=message.reason,
        attempts=message.attempts,
        in_reply_to=message.in_reply_to or None,
        created_at=message.created_at,
        next_attempt_at=message.next_attempt_at if message.state == "planned" else None,
        settled_at=message.settled_at,
    ).model_dump()


def _subtitle(message: Message) -> str:
    waiting = queries.why_nothing_goes() if message.state == MessageState.PLANNED else ""
    return _("To %(address)s. %(state)s") % {
        "address": message.to_address,
        "state": state_words(message, waiting),
    }


_T = FieldType

MESSAGE = ObjectType(
    kind="message",
    slug="messages",
    model=Message,
    label=gettext_lazy("Message"),
    label_plural=gettext_lazy("Messages"),
    icon="mail-forward",
    shortcut="",
    permissions=Permissions(
        view="delivery.view",
        create="delivery.write",
        edit="delivery.write",
        delete="delivery.write",
    ),
    fields=(
        Field("subject", gettext_lazy("Subject"), _T.TEXT, width="w-name"),
        Field("to", gettext_lazy("To"), _T.EMAIL, source="to_address", privacy=Privacy.PERSONAL),
        Field(
            "person",
            gettext_lazy("Person"),
            _T.RECORD,
            source="person__name",
            sort="person__sort_key",
            width="w-name",
            privacy=Privacy.PERSONAL,
        ),
        Field(
            "message_class",
            gettext_lazy("Class"),
            _T.CHOICE,
            choices=class_choices,
            width="w-mid",
        ),
        Field("state", gettext_lazy("State"), _T.CHOICE, choices=state_choices, width="w-mid"),
        Field("reason", gettext_lazy("Reason"), _T.TEXT),
        Field("attempts", gettext_lazy("Attempts"), _T.NUMBER, width="w-num"),
        Field("message_id", gettext_lazy("Message-ID"), _T.TEXT),
        Field("created_at", gettext_lazy("Planned"), _T.MOMENT, width="w-when"),
        Field("settled_at", gettext_lazy("Settled"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("subject", "to", "person", "message_class", "state", "created_at"),
    default_sort="-created_at",
    visible_to=queries.messages_visible_to,
    prepare=queries.prepare_messages,
    search=queries.search_messages,
    name_of=lambda message: message.subject,
    subtitle_of=_subtitle,
    subtitle_fields=("to_address", "to", "state", "person.email"),
    searched_fields=("to_address", "to", "message_id", "person.email"),
    input_schema=NothingIn,
    change_schema=NothingIn,
    output_schema=MessageOut,
    output=message_output,
    told={"next_attempt_at": ("message.state",)},
    create=actions.written_by_nobody,
    update=actions.written_by_nobody,
    delete=actions.written_by_nobody,
    match_keys=("message_id",),
    privacy=Privacy.PERSONAL,
    is_square=True,
)

OBJECT_TYPES.register(MESSAGE.kind, MESSAGE)

navigation.register(
    NavItem(
        key="messages",
        label=gettext_lazy("Messages"),
        icon="mail-forward",
        url_name="records:list",
        args=("messages",),
        section=Section.BOTH,
        order=80,
        permission="delivery.view",
    ),
    NavItem(
        key="mail",
        label=gettext_lazy("Mail"),
        icon="mail",
        url_name="delivery:mail",
        section=Section.SETTINGS,
        order=70,
        permission="delivery.operate",
    ),
)

MERGED_TABLES.register("delivery.message", MergedTable(gettext_lazy("Messages")))
