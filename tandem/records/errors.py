"""What lists, views, tags and comments refuse."""

from collections.abc import Sequence
from typing import Self
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tandem.kernel.errors import Conflict, Invalid, Missing


class FilterInvalid(Invalid):
    """The filter names an unknown field, an operator the field does not have, or a bad value."""

    code = "filter_invalid"
    message = _("This filter cannot be read.")


class SortInvalid(Invalid):
    code = "sort_invalid"
    message = _("The list cannot be sorted by this.")


class AggregateInvalid(Invalid):
    """The field is not there, or cannot be counted or added up in this way."""

    code = "aggregate_invalid"
    message = _("This cannot be counted or added up.")


class TooManyToAddUp(Invalid):
    """So many rows match that adding them up would hold up everyone else."""

    code = "too_many_to_add_up"
    message = _("These are too many to be added up at once. Narrow the list first.")


class GroupingInvalid(Invalid):
    """The list cannot be put in groups by this."""

    code = "grouping_invalid"
    message = _("The list cannot be grouped by this.")


class WidthsInvalid(Invalid):
    """The widths of the columns cannot be read, or are too small or too large."""

    code = "widths_invalid"
    message = _("These widths of columns cannot be read.")


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


class ViewNotShared(Invalid):
    """A list can open for everyone only with a view that everyone may open."""

    code = "view_not_shared"
    message = _("Share the view with everyone first.")


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


class ImportReverted(Conflict):
    """What an import brought was taken out with all that hung on it, consent included."""

    code = "import_reverted"
    message = _("A reverted import does not come back by Undo. Import the file again.")


class ImportNotDone(Conflict):
    code = "import_not_done"
    message = _("There is nothing to take back: this import has written nothing.")


class FileGone(Conflict):
    code = "file_gone"
    message = _("The uploaded file is not kept any more. Upload it again.")


class FieldKeyTaken(Conflict):
    """There is a custom field of this key already, perhaps a retired one."""

    code = "field_key_taken"
    message = _("There is a field of this key already. It may be retired: bring it back instead.")


class TooManyFields(Invalid):
    code = "too_many_fields"
    message = _("This kind of record has as many fields of its own as it can have.")


class TypeStays(Invalid):
    """The type, key, kind or currency of a custom field is not changed."""

    code = "type_stays"
    message = _(
        "The type of a field stays. Add another field, fill it from this one by an export and an"
        " import, and retire this one."
    )


class ChoiceInvalid(Invalid):
    """Choices that are missing, stand twice, or do not fit the type of the field."""

    code = "choice_invalid"
    message = _("A field to choose from needs choices, each named once.")


class NotCustomisable(Invalid):
    code = "not_customisable"
    message = _("This kind of record takes no fields of its own.")


class FieldRetired(Conflict):
    code = "field_retired"
    message = _("This field is retired. Bring it back first.")


class RecordChanged(Conflict):
    """Somebody changed the same field of a record since it was read."""

    code = "version_conflict"
    message = _("Somebody has changed this in the meantime.")


class ValueUnfit(Invalid):
    """A value that a custom field cannot hold; each reason is a class of its own."""

    code = "value_unfit"
    message = _("This value does not fit the field.")


class FieldUnknown(ValueUnfit):
    code = "unknown_field"
    message = _("There is no such field here.")


class ValueMissing(ValueUnfit):
    code = "value_missing"
    message = _("This is needed.")


class TextUnfit(ValueUnfit):
    code = "text_invalid"
    message = _("Write one line of text, without control characters.")


class TextTooLong(ValueUnfit):
    code = "text_too_long"
    message = _("This text is too long.")


class NumberUnfit(ValueUnfit):
    code = "number_invalid"
    message = _("Write a number.")


class NumberTooLong(ValueUnfit):
    code = "number_too_long"
    message = _("A number has at most 15 digits, 6 of them behind the point.")


class AmountTooFine(ValueUnfit):
    code = "amount_too_fine"
    message = _("This currency has no coins as small as that.")


class DateUnfit(ValueUnfit):
    code = "date_invalid"
    message = _("Write a day as 2026-11-30.")


class ChoiceUnknown(ValueUnfit):
    code = "choice_unknown"
    message = _("Pick one of the choices.")


class UserUnknown(ValueUnfit):
    code = "user_unknown"
    message = _("No colleague is known by this name.")


class LinkUnfit(ValueUnfit):
    code = "link_invalid"
    message = _("Write an address that starts with https://.")


class FlagUnfit(ValueUnfit):
    code = "boolean_invalid"
    message = _("Say yes or no.")


class MergeWithItself(Invalid):
    code = "merge_with_itself"
    message = _("A record cannot be merged with itself.")


class NotMergeable(Invalid):
    """Records of this kind stand alone."""

    code = "not_mergeable"
    message = _("Records of this kind are not merged.")


class MergeChoiceInvalid(Invalid):
    """A choice names no field of both records, or a side that there is not."""

    code = "merge_choice_invalid"
    message = _("Choose for each field which of the two values stays.")


class NotSoMany(Invalid):
    code = "not_so_many"
    message = _("Choose from two to ten records to merge.")


class NotMergedLast(Conflict):
    """The survivor was merged or deleted since, or another was merged into it with the same rows:
    that is to be taken back first."""

    code = "not_merged_last"
    message = _("This record was merged or deleted since. Take that back first.")


class AlreadyUnmerged(Conflict):
    code = "already_unmerged"
    message = _("These records are two already.")


class MergedInto(Missing):
    """The record lives on in another one; ``survivor`` is its public id."""

    code = "merged_into"
    status = 308
    message = _("This record was merged into another one.")

    def __init__(self, survivor: UUID) -> None:
        super().__init__()
        self.survivor = survivor
        self.location = ""  # where it is to be found, once the door knows


class FileTooLarge(Invalid):
    code = "file_too_large"
    message = _("This file is too large to be attached.")


class FileEmpty(Invalid):
    code = "file_empty"
    message = _("This file is empty. Choose it again.")


class NoFile(Invalid):
    code = "no_file"
    message = _("Choose a file.")


class TooManyFiles(Invalid):
    code = "too_many_files"
    message = _("There are too many files. Delete some, or attach fewer at once.")


class NotErasable(Invalid):
    """Records of this kind hold nobody's data."""

    code = "not_erasable"
    message = _("Records of this kind are not erased.")


class ErasureUnconfirmed(Invalid):
    code = "erasure_unconfirmed"
    message = _("Type the name as it stands on the record.")


class ErasureOpen(Conflict):
    """The record is about to be erased, or somebody wrote down why it may not be."""

    code = "erasure_open"
    message = _("There is an erasure or a refusal of this record already.")


class ReasonMissing(Invalid):
    code = "reason_missing"
    message = _("Say why.")


class MentionUnknown(Invalid):
    """A mention names nobody who works here."""

    code = "mention_unknown"
    message = _("Somebody who is mentioned is no colleague here.")


class TooManyMentions(Invalid):
    code = "too_many_mentions"
    message = _("At most twenty colleagues can be mentioned at once.")


class MentionOutOfSight(Invalid):
    """Somebody is mentioned on a record that they do not see: they could not be told."""

    code = "mention_out_of_sight"
    message = _("Somebody who is mentioned does not see this record.")

    @classmethod
    def of(cls, names: Sequence[str]) -> Self:
        """The refusal with the names of those who do not see it."""
        words = ngettext(
            "%(names)s does not see this record and would not be told. Leave the mention out, or"
            " let somebody give them access first.",
            "%(names)s do not see this record and would not be told. Leave the mentions out, or"
            " let somebody give them access first.",
            len(names),
        )
        return cls(words % {"names": ", ".join(names)}, field="text")


class RowsUnfit(Invalid):
    """Some of many records cannot be changed as asked; ``rows.N.field`` says which and why."""

    code = "rows_unfit"
    message = _("Not everything of this can be taken. Nothing was written.")
