"""The mail as it was sent, the decision about it, and a person's latest messages."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from tandem.delivery import queries
from tandem.delivery.models import Message
from tandem.delivery.rules import MessageState
from tandem.delivery.views.kinds import shown_html, shown_text
from tandem.delivery.views.words import TONES, decision_words, state_words
from tandem.kernel.actor import Actor
from tandem.kernel.compiled import compiled
from tandem.records.slots import RECORD_PANELS, RECORD_TABS, ObjectType

SHOWN = 5


class MailTab:
    """The mail as it was sent: HTML in a closed frame, the plain text beside it."""

    key = "mail"
    order = 1
    label = gettext_lazy("Mail")
    tells: tuple[str, ...] = ("message.to",)

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "message"

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        message: Message = record
        context = {"message": message, "text": shown_text(message), "html": shown_html(message)}
        return SafeString(render_to_string("delivery/mail.html", context, request=request))


class DecisionPanel:
    """Whether and why a message could go, what the server said, who is concerned."""

    order = 10
    in_peek = True
    tells: tuple[str, ...] = ("message.to", "message.state", "message.reason")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "message"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        message: Message = record
        is_waiting = message.state == MessageState.PLANNED
        person = message.person
        context = {
            "message": message,
            "state": state_words(message, queries.why_nothing_goes() if is_waiting else ""),
            "is_waiting": is_waiting,
            "tone": TONES.get(MessageState(message.state), ""),
            "decision": decision_words(message.decision),
            "person": person,
            "person_url": reverse("records:record", args=["people", person.public_id])
            if person
            else "",
        }
        return SafeString(render_to_string("delivery/decision.html", context, request=request))


class MessagesPanel:
    """Beside a person: the latest messages to them."""

    order = 70
    in_peek = False
    tells: tuple[str, ...] = ("message.state", "message.to")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "person" and actor.may("delivery.view")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = _messages_to(actor, person=record.pk)
        context = {
            "rows": [
                (
                    row,
                    reverse("records:record", args=["messages", row.public_id]),
                    TONES.get(MessageState(row.state), ""),
                )
                for row in found[:SHOWN]
            ],
            "has_more": len(found) > SHOWN,
        }
        return SafeString(render_to_string("delivery/messages.html", context, request=request))


@compiled
def _messages_to(actor: Actor, *, person: int) -> QuerySet[Message]:
    rows = queries.messages_visible_to(actor).filter(person_id=person).order_by("-pk")
    return queries.prepare_messages(rows)[: SHOWN + 1]


RECORD_TABS.register("delivery.mail", MailTab())
RECORD_PANELS.register("delivery.decision", DecisionPanel())
RECORD_PANELS.register("delivery.messages", MessagesPanel())
