"""What notifications refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Invalid


class SnoozePast(Invalid):
    """What is put off comes back later than now, and within a year."""

    code = "snooze_invalid"
    message = _("Choose a moment that is still to come, within a year.")


class ReasonUnknown(Invalid):
    code = "reason_unknown"
    message = _("There are no notifications of this kind.")


class PlaceInvalid(Invalid):
    """The cursor is not one that this list gave out."""

    code = "cursor_invalid"
    message = _("This page of the list is not there any more. Start again at the first.")
