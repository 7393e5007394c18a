"""What the timeline refuses."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Invalid


class PlaceInvalid(Invalid):
    """The cursor is not one that this story gave out."""

    code = "cursor_invalid"
    message = _("This part of the story is not there any more. Start again at the newest.")
