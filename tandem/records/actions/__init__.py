"""Writes that every kind of record shares: views, tags, comments, files, fields, imports, ids."""

from tandem.records.actions.disclosing import ask_disclosure, disclose
from tandem.records.actions.duplicates import (
    ask_for_search,
    find_duplicates,
    keep_apart,
    look_again,
)
from tandem.records.actions.erasing import (
    ask_erasure,
    erase,
    erase_again,
    erase_restored,
    note_failed,
    refuse_erasure,
    settle,
    withdraw_refusal,
)
from tandem.records.actions.fields import (
    add_field,
    change_field,
    note_index,
    restore_field,
    retire_field,
)
from tandem.records.actions.files import attach_files, delete_attachment, keep_content
from tandem.records.actions.imports import (
    change_import,
    fail_import,
    import_now,
    note_upload,
    revert_import,
    run_import,
    start_import,
    take_up_imports,
    take_upload,
)
from tandem.records.actions.many import tag_many, untag_many
from tandem.records.actions.merging import merge, merge_many, unmerge
from tandem.records.actions.talk import (
    add_comment,
    add_tag,
    change_view,
    delete_comment,
    delete_view,
    remove_tag,
    save_view,
)
from tandem.records.actions.undoing import refuse_unseen
from tandem.records.actions.values import (
    change_record,
    create_record,
    read_values,
    write_values,
)

__all__ = [
    "add_comment",
    "add_field",
    "add_tag",
    "ask_disclosure",
    "ask_erasure",
    "ask_for_search",
    "attach_files",
    "change_field",
    "change_import",
    "change_record",
    "change_view",
    "create_record",
    "delete_attachment",
    "delete_comment",
    "delete_view",
    "disclose",
    "erase",
    "erase_again",
    "erase_restored",
    "fail_import",
    "find_duplicates",
    "import_now",
    "keep_apart",
    "keep_content",
    "look_again",
    "merge",
    "merge_many",
    "note_failed",
    "note_index",
    "note_upload",
    "read_values",
    "refuse_erasure",
    "refuse_unseen",
    "remove_tag",
    "restore_field",
    "retire_field",
    "revert_import",
    "run_import",
    "save_view",
    "settle",
    "start_import",
    "tag_many",
    "take_up_imports",
    "take_upload",
    "unmerge",
    "untag_many",
    "withdraw_refusal",
    "write_values",
]
