"""A message of the ledger as bytes: plain text and HTML, headers, the same at every attempt."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from tandem.delivery.models import Message
from tandem.delivery.rules import MessageClass, header_text
from tandem.delivery.slots import Envelope


def letter(message: Message, *, unsubscribe_url: str = "") -> Envelope:
    """The bytes of a message. Raises HeaderInvalid, ValueError for what cannot be a mail.

    ``unsubscribe_url`` goes into the head of a marketing message (RFC 2369, RFC 8058).
    """
    mail = EmailMessage(policy=SMTP)
    headers: dict[str, str] = {
        "Subject": message.subject,
        "Date": format_datetime(message.created_at),
        "Message-ID": message.message_id,
    }
    if message.in_reply_to:
        headers["In-Reply-To"] = message.in_reply_to
        headers["References"] = message.references or message.in_reply_to
    headers |= _class_headers(message, unsubscribe_url)
    mail["From"] = Address(header_text(message.from_name), addr_spec=message.from_address)
    mail["To"] = Address(addr_spec=message.to_address)
    for name, value in headers.items():
        mail[name] = header_text(value)
    mail.set_content(_lines(message.text), cte="quoted-printable")
    if message.html:
        mail.add_alternative(_lines(message.html), subtype="html", cte="quoted-printable")
        mail.set_boundary(f"=_tandem_{message.public_id.hex}")
    return Envelope(
        sender=message.from_address,
        recipient=message.to_address,
        message_id=message.message_id,
        content=mail.as_bytes(),
    )


def _class_headers(message: Message, unsubscribe_url: str) -> Mapping[str, str]:
    if message.message_class != MessageClass.MARKETING:
        return {"Auto-Submitted": "auto-generated"}
    if not unsubscribe_url:
        raise ValueError("A marketing message without a way to unsubscribe is not sent.")
    return {
        "List-Unsubscribe": f"<{unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Precedence": "bulk",
    }


def _lines(text: str) -> str:
    return "\n".join(text.splitlines()) + "\n"
