"""What the lake refuses."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, DomainError, Invalid


class EventsUnreadable(DomainError):
    """A file of the lake is missing or damaged: no answer is better than a wrong one."""

    code = "events_unreadable"
    status = 503
    message = _("Some of the stored events cannot be read; `tandem doctor` says which.")


class EventsMiscounted(DomainError):
    """A file holds another number of events than went into it; nothing was changed."""

    code = "events_miscounted"
    status = 503
    message = _("A file of events was not written whole; nothing was changed.")


class FileIsWhole(Conflict):
    """Only a file that is missing or damaged is given up."""

    code = "file_is_whole"
    message = _("This file is as it was written; nothing was given up.")


class QuestionInvalid(Invalid):
    """A question is not one; the errors say what, where in its JSON, and what to do."""

    code = "question_invalid"
    message = _("This is no question about events. See what is wrong with each part.")
