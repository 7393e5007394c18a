"""Refusals of this room."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid, Missing


class WordingMissing(Invalid):
    """Consent is recorded with the words that the person saw, never without."""

    code = "wording_missing"
    message = _("Write the words that the person agreed to.")


class NothingToRecord(Invalid):
    code = "nothing_to_record"
    message = _("Name at least one channel and topic.")


class PersonUnknown(Invalid):
    code = "person_unknown"
    message = _("This person is not here, or you may not see them.")


class StopStands(Conflict):
    """An address that belongs to somebody who was erased stays on the list for good."""

    code = "stop_stands"
    message = _("This address stays on the stop list: its owner asked to be forgotten.")


class LinkInvalid(Missing):
    """A link that we did not make, or that was cut short on its way."""

    code = "link_invalid"
    message = _("This link is not complete. Copy it whole from the mail.")


class LinkExpired(Conflict):
    """A link to confirm that is older than two weeks."""

    code = "link_expired"
    status = 410
    message = _("This link is too old. Ask once more, and confirm within two weeks.")
