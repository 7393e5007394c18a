"""Writes that every kind of record shares: views, tags, comments, imports, ids of others."""

from tandem.records.actions.imports import (
    change_import,
    fail_import,
    import_now,
    note_upload,
    revert_import,
    run_import,
    start_import,
    take_upload,
)
from tandem.records.actions.many import tag_many, untag_many
from tandem.records.actions.talk import (
    add_comment,
    add_tag,
    change_view,
    delete_comment,
    delete_view,
    remove_tag,
    save_view,
)

__all__ = [
    "add_comment",
    "add_tag",
    "change_import",
    "change_view",
    "delete_comment",
    "delete_view",
    "fail_import",
    "import_now",
    "note_upload",
    "remove_tag",
    "revert_import",
    "run_import",
    "save_view",
    "start_import",
    "tag_many",
    "take_upload",
    "untag_many",
]
