"""Django's own mails (a lost password, an alert) go into the ledger like all others."""

import datetime as dt
from collections.abc import Sequence
from email.utils import parseaddr

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from tandem.delivery.actions import plan_message
from tandem.kernel.actor import job_actor
from tandem.kernel.ids import new_public_id

# As long as a link to a new password is good.
LIVES_FOR = dt.timedelta(hours=4)
RIGHTS = frozenset({"delivery.plan"})


class LedgerBackend(BaseEmailBackend):
    """Plans each mail as transactional and confidential: it may hold a link for its reader only."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Plan them; one message per receiver. The number of mails. Raises Invalid."""
        actor = job_actor("delivery.backend", RIGHTS)
        for mail in email_messages:
            if mail.attachments:
                raise ValueError("A mail of the product has no attachments.")
            for recipient in mail.recipients():
                plan_message(
                    actor,
                    message_class="transactional",
                    purpose="service",
                    to=parseaddr(recipient)[1],
                    subject=str(mail.subject),
                    text=str(mail.body),
                    html=_html(mail),
                    send_key=f"product:{new_public_id()}",
                    is_confidential=True,
                    not_after=timezone.now() + LIVES_FOR,
                )
        return len(email_messages)


def _html(mail: EmailMessage) -> str:
    parts = mail.alternatives if isinstance(mail, EmailMultiAlternatives) else []
    return next((str(content) for content, kind in parts if kind == "text/html"), "")
