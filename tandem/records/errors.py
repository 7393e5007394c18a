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


class NotForMany(Invalid):
    """This field is one record's own, as a name or an address is."""

    code = "not_for_many"
    message = _("This cannot be set for many records at once.")


class NothingChosen(Invalid):
    code = "nothing_chosen"
    message = _("Choose the records first.")


class SelectionChanged(Conflict):
    """Since the preview others came or went; the text says how many there are now."""

    code = "selection_changed"
    message = _("Meanwhile the records that fit have changed. Look at the number again.")


class ViewNameTaken(Conflict):
    code = "view_name_taken"
    message = _("You already have a view of this name.")


class ImportUnknown(Invalid):
    """There is no such kind of file here."""

    code = "import_unknown"
    message = _("This kind of file cannot be imported.")


class ColumnMissing(Invalid):
    """The file, or its mapping, has no column for a field that is needed."""

    code = "column_missing"
    message = _("A column is missing.")


class MappingInvalid(Invalid):
    """The mapping names a field or a column that is not there."""

    code = "mapping_invalid"
    message = _("This mapping does not fit the file.")


class NothingRead(Invalid):
    code = "nothing_read"
    message = _("No row of this file could be read. Nothing was imported.")


class ImportNotReady(Conflict):
    """The import runs, is done or was taken back: it cannot be started or changed any more."""

    code = "import_not_ready"
    message = _("This import has been started already.")


class ImportNotDone(Conflict):
    code = "import_not_done"
    message = _("There is nothing to take back: this import has written nothing.")


class FileGone(Conflict):
    code = "file_gone"
    message = _("The uploaded file is not kept any more. Upload it again.")
