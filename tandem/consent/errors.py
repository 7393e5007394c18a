"""Refusals of this room."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


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
