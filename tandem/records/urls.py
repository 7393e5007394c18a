"""Routes of every kind of record: ``/people``, ``/companies`` and whatever is registered."""

from django.urls import path

from tandem.records.views import (
    accesses,
    changes,
    disclosing,
    duplicates,
    erasing,
    fields,
    files,
    filters,
    imports,
    lists,
    many,
    merging,
    pasting,
    records,
    saved,
    talk,
    totals,
    uniting,
)

app_name = "records"

urlpatterns = [
    path("imports", imports.imports, name="imports"),
    path("imports/<uuid:public_id>", imports.import_detail, name="import"),
    path("imports/<uuid:public_id>/start", imports.import_start, name="import-start"),
    path("imports/<uuid:public_id>/reversion", imports.import_reversion, name="import-reversion"),
    path("imports/<uuid:public_id>/rows", imports.import_results, name="import-results"),
    path(
        "imports/<uuid:public_id>/lists/<slug:name>", imports.import_listing, name="import-listing"
    ),
    path("settings/fields", fields.fields, name="fields"),
    path("settings/fields/new", fields.new_field, name="new-field"),
    path("settings/fields/<uuid:public_id>", fields.field, name="field-settings"),
    path("settings/fields/<uuid:public_id>/place", fields.place, name="field-place"),
    path("settings/fields/<uuid:public_id>/retirement", fields.retirement, name="field-retirement"),
    path(
        "settings/fields/<uuid:public_id>/restoration", fields.restoration, name="field-restoration"
    ),
    path("settings/accesses", accesses.accesses, name="accesses"),
    path("exports/<uuid:public_id>", many.export_file, name="export"),
    path("changes", changes.changes, name="changes"),
    path("changes/<uuid:public_id>", changes.change_set, name="change-set"),
    path("erasures", erasing.erasures, name="erasures"),
    path("erasures/<uuid:public_id>", erasing.erasure, name="erasure"),
    path("erasures/<uuid:public_id>/certificate", erasing.certificate, name="certificate"),
    path(
        "erasures/<uuid:public_id>/withdrawal",
        erasing.refusal_withdrawal,
        name="refusal-withdrawal",
    ),
    path("duplicates", duplicates.duplicates, name="duplicates"),
    path("<kind:kind>/duplicates/search", duplicates.duplicate_search, name="duplicate-search"),
    path("<kind:kind>/duplicates/<uuid:pair_id>/apart", duplicates.pair_apart, name="pair-apart"),
    path("<kind:kind>", lists.record_list, name="list"),
    path("<kind:kind>/count", lists.record_count, name="count"),
    path("<kind:kind>/feet", totals.feet, name="feet"),
    path("<kind:kind>/foot/<slug:key>", totals.foot, name="foot"),
    path("<kind:kind>/cards", totals.cards, name="cards"),
    path("<kind:kind>/grouping", totals.grouping, name="grouping"),
    path("<kind:kind>/new", records.new_record, name="new"),
    path("<kind:kind>/new/likely", duplicates.likely, name="likely"),
    path("<kind:kind>/many/merge", uniting.merge_chosen, name="merge-many"),
    path("<kind:kind>/many/<slug:offer>", many.many, name="many"),
    path("<kind:kind>/many/progress/<uuid:public_id>", many.many_progress, name="many-progress"),
    path("<kind:kind>/paste", pasting.paste, name="paste"),
    path("<kind:kind>/filter", filters.filter_dialog, name="filter"),
    path("<kind:kind>/views/new", saved.new_view, name="new-view"),
    path("<kind:kind>/views/<uuid:public_id>/settings", saved.view_settings, name="view-settings"),
    path("<kind:kind>/views/<uuid:public_id>", saved.update_view, name="view"),
    path("<kind:kind>/views/<uuid:public_id>/deletion", saved.remove_view, name="delete-view"),
    path("<kind:kind>/<uuid:public_id>", records.record_detail, name="record"),
    path("<kind:kind>/<uuid:public_id>/peek", records.record_peek, name="peek"),
    path("<kind:kind>/<uuid:public_id>/fields/<slug:key>", records.edit_field, name="field"),
    path("<kind:kind>/<uuid:public_id>/deletion", records.delete_record, name="delete"),
    path("<kind:kind>/<uuid:public_id>/erasure", erasing.erasure_page, name="erase"),
    path(
        "<kind:kind>/<uuid:public_id>/erasure/refusal",
        erasing.erasure_refusal,
        name="erasure-refusal",
    ),
    path("<kind:kind>/<uuid:public_id>/disclosure", disclosing.disclosure_page, name="disclose"),
    path(
        "<kind:kind>/<uuid:public_id>/disclosure/<uuid:progress_id>",
        disclosing.disclosure,
        name="disclosure",
    ),
    path("<kind:kind>/<uuid:public_id>/merge", merging.merge_page, name="merge"),
    path(
        "<kind:kind>/<uuid:public_id>/merges/<uuid:event_id>",
        merging.merge_event,
        name="merge-event",
    ),
    path("<kind:kind>/<uuid:public_id>/colleagues", talk.colleagues, name="colleagues"),
    path("<kind:kind>/<uuid:public_id>/comments", talk.comment, name="comment"),
    path(
        "<kind:kind>/<uuid:public_id>/comments/<uuid:comment_id>/deletion",
        talk.uncomment,
        name="uncomment",
    ),
    path("<kind:kind>/<uuid:public_id>/tags", talk.tag, name="tag"),
    path("<kind:kind>/<uuid:public_id>/tags/removal", talk.untag, name="untag"),
    path("<kind:kind>/<uuid:public_id>/files", files.attach, name="attach"),
    path(
        "<kind:kind>/<uuid:public_id>/files/<uuid:attachment_id>", files.download, name="attachment"
    ),
    path(
        "<kind:kind>/<uuid:public_id>/files/<uuid:attachment_id>/deletion",
        files.remove,
        name="delete-attachment",
    ),
]
