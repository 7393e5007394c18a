"""What the timeline refuses."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class PlaceInvalid(Invalid):
    """The cursor is not one that this story gave out."""

    code = "cursor_invalid"
    message = _("This part of the story is not there any more. Start again at the newest.")


class TooManyPins(Conflict):
    """What is all on top is nothing on top."""

    code = "too_many_pins"
    message = _("Ten entries are pinned already. Take one down first.")
