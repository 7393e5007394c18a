"""What lists, views, tags and comments refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class FilterInvalid(Invalid):
    """The filter names an unknown field, an operator the field does not have, or a bad value."""

    code = "filter_invalid"
    message = _("This filter cannot be read.")


class SortInvalid(Invalid):
    code = "sort_invalid"
    message = _("The list cannot be sorted by this.")


class CursorInvalid(Invalid):
    """The cursor is not one that this list gave out for this sort."""

    code = "cursor_invalid"
    message = _("This page of the list is not there any more. Start again at the first.")


class ViewNameTaken(Conflict):
    code = "view_name_taken"
    message = _("You already have a view of this name.")
