"""Reads of the ledger and of what holds for all mails."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.accounts.queries import company_settings
from tandem.delivery.errors import MailServerInvalid
from tandem.delivery.models import MailSettings, Message
from tandem.delivery.rules import MessageState, mail_server
from tandem.delivery.slots import transport_for
from tandem.kernel.actor import Actor
from tandem.kernel.errors import DomainError
from tandem.kernel.installation import installation
from tandem.people.queries import people_visible_to
from tandem.people.rules import normalize_email


@dataclass(frozen=True, slots=True)
class Sender:
    """From whom a mail comes."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]


def messages_visible_to(actor: Actor) -> QuerySet[Message]:
    """Messages to the persons whom the actor may see.

    Those to nobody we know (the product's own mails to its users) are an operator's.
    """
    rows = Message.objects.filter(deleted_at__isnull=True)
    if not actor.may("delivery.view"):
        return rows.none()
    about = Q(person__in=people_visible_to(actor).order_by().values("pk"))
    if actor.may("delivery.operate"):
        about |= Q(person__isnull=True)
    return rows.filter(about)


def prepare_messages(rows: QuerySet[Message]) -> QuerySet[Message]:
    """With the person and without the bodies, which lists do not show: no query more."""
    return rows.select_related("person").defer("text", "html", "decision")


def search_messages(rows: QuerySet[Message], text: str) -> QuerySet[Message]:
    """Narrow messages to those with this text in subject or receiver."""
    if not text.strip():
        return rows.none()
    found = Q(subject__icontains=text) | Q(to_address__icontains=text) | Q(message_id=text.strip())
    return rows.filter(found)


def mail_settings() -> MailSettings:
    """From whom mails come, as set or as it is without; one query."""
    return MailSettings.objects.filter(pk=1).first() or MailSettings(pk=1)


def sender() -> Sender:
    """From whom mails come: as set, else the mail server's user, else this installation."""
    chosen = mail_settings()
    name = chosen.from_name or company_settings().name or "Tandem"
    return Sender(name, chosen.from_address or _usual_address())


def _usual_address() -> str:
    try:
        server = mail_server(settings.SMTP_URL)
    except MailServerInvalid:
        server = None
    if server is not None and "@" in server.user:
        try:
            return normalize_email(server.user)
        except DomainError:
            pass
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    # A bare host or a number is no domain that a mail may come from.
    usable = "." in host and not host.replace(".", "").isdigit() and ":" not in host
    return f"no-reply@{host if usable else 'tandem.invalid'}"


def imprint() -> str:
    """Who answers for a mail: as set, else the company's name."""
    return mail_settings().imprint or company_settings().name


# --- what waits, and why --------------------------------------------------------------------------


def why_nothing_goes() -> str:
    """Why no mail leaves just now, in words; empty when it does."""
    try:
        if transport_for("email") is None:
            return _("no mail server is set")
    except MailServerInvalid as error:
        return str(error)
    held = installation()
    if held.is_sending_held:
        return _("sending is held: %(reason)s") % {"reason": held.held_reason}
    return ""


def tally(rows: QuerySet[Message] | None = None) -> Mapping[str, int]:
    """How many messages are in each state, those without any included; they sum to all."""
    counted = dict.fromkeys((str(state) for state in MessageState), 0)
    found = (Message.objects.all() if rows is None else rows).order_by()
    counted.update(dict(found.values_list("state").annotate(Count("pk"))))
    return counted


def withheld_by_reason(rows: QuerySet[Message] | None = None) -> Mapping[str, int]:
    """How many messages were withheld, by reason; they sum to the withheld of ``tally``."""
    found = (Message.objects.all() if rows is None else rows).filter(state=MessageState.WITHHELD)
    return dict(found.order_by().values_list("reason").annotate(Count("pk")))


def late_messages() -> int:
    """Messages that are due for more than ten minutes and have not gone."""
    old = timezone.now() - dt.timedelta(minutes=10)
    return Message.objects.filter(state=MessageState.PLANNED, next_attempt_at__lt=old).count()


def messages_about(kind: str, record_id: int) -> QuerySet[Message]:
    """The messages about a record, newest first."""
    return Message.objects.filter(about_kind=kind, about_id=record_id).order_by("-id")
