"""Refusals of this room."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class HeaderInvalid(Invalid):
    """A line break or control character in what becomes a header of a mail."""

    code = "header_invalid"
    message = _("This holds line breaks or characters that cannot stand in a mail's head.")


class TopicMissing(Invalid):
    """Without a topic nobody could have agreed to it, and nobody could unsubscribe."""

    code = "topic_missing"
    message = _("A marketing message needs a person and a topic.")


class MailServerInvalid(Invalid):
    code = "mail_server_invalid"
    message = _("The address of the mail server must be smtp://user:password@host:port.")


class NoMailServer(Conflict):
    code = "no_mail_server"
    message = _("No mail server is set, so nothing can be sent.")


class WrittenByNobody(Conflict):
    """Messages come from what is done in the product; the ledger is read only."""

    code = "messages_are_read_only"
    message = _("Messages are not written by hand.")
