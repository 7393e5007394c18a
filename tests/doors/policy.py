"""Who may do and see what, said once: the table that every door is held against.

Written by hand from what the product promises (docs/guide/accounts.md), not from what it answers.
A right, a kind of record, a page or an operation that is not in here fails its test.
"""

from collections.abc import Mapping

ROLES = ("admin", "manager", "marketer", "seller", "viewer")
ANONYMOUS = ""

_EVERYONE = "admin manager marketer seller viewer"
_WRITERS = "admin manager marketer seller"
_SALES = "admin manager seller"
_MARKETING = "admin manager marketer"
_LEADERS = "admin manager"
_ADMIN = "admin"
_JOBS = ""  # nobody who signs in

RIGHTS: Mapping[str, str] = {
    "accounts.manage_company": _ADMIN,
    "accounts.manage_roles": _ADMIN,
    "accounts.manage_teams": _LEADERS,
    "accounts.manage_tokens": _EVERYONE,
    "accounts.manage_users": _ADMIN,
    "accounts.own_settings": _EVERYONE,
    "accounts.view_users": _EVERYONE,
    "campaigns.create": _MARKETING,
    "campaigns.delete": _LEADERS,
    "campaigns.edit": _MARKETING,
    "campaigns.view": _EVERYONE,
    "capture.create": _MARKETING,
    "capture.delete": _MARKETING,
    "capture.edit": _MARKETING,
    "capture.enter": _MARKETING,
    "capture.moderate": _MARKETING,
    "capture.submit": _JOBS,
    "capture.view": _EVERYONE,
    "consent.edit_stop": _WRITERS,
    "consent.lift": _MARKETING,
    "consent.record": _WRITERS,
    "consent.suppress": _WRITERS,
    "consent.view": _EVERYONE,
    "deals.close": _SALES,
    "deals.create": _SALES,
    "deals.delete": _LEADERS,
    "deals.edit": _SALES,
    "deals.settings": _LEADERS,
    "deals.view": _EVERYONE,
    "delivery.operate": _ADMIN,
    "delivery.plan": _WRITERS,
    "delivery.send": _JOBS,
    "delivery.view": _EVERYONE,
    "delivery.write": _JOBS,
    "handoff.answer": _SALES,
    "handoff.assign": _LEADERS,
    "handoff.automate": _JOBS,
    "handoff.create": _WRITERS,
    "handoff.reply": _MARKETING,
    "handoff.settings": _LEADERS,
    "handoff.view": _EVERYONE,
    "insight.view": _EVERYONE,
    "kernel.deliver": _JOBS,
    "kernel.operate": _ADMIN,
    "kernel.undo": _WRITERS,
    "kernel.undo_any": _ADMIN,
    "kernel.watch": _EVERYONE,
    "lake.link": _JOBS,
    "lake.maintain": _JOBS,
    "measures.view": _EVERYONE,
    "notifications.tell": _JOBS,
    "notifications.view": _EVERYONE,
    "people.assign": _WRITERS,
    "people.create": _WRITERS,
    "people.delete": _LEADERS,
    "people.edit": _WRITERS,
    "people.stage": _WRITERS,
    "people.view": _EVERYONE,
    "records.attach": _WRITERS,
    "records.comment": _WRITERS,
    "records.disclose": _ADMIN,
    "records.erase": _ADMIN,
    "records.export": _MARKETING,
    "records.fields": _LEADERS,
    "records.find_duplicates": _WRITERS,
    "records.import": _MARKETING,
    "records.merge": _WRITERS,
    "records.own_views": _EVERYONE,
    "records.see_accesses": _ADMIN,
    "records.share_views": _LEADERS,
    "records.tag": _WRITERS,
    "records.view": _EVERYONE,
    "records.write": _WRITERS,
    "revenue.book": _SALES,
    "revenue.delete": _LEADERS,
    "revenue.edit": _SALES,
    "revenue.import": _LEADERS,
    "revenue.view": _EVERYONE,
    "timeline.maintain": _JOBS,
    "timeline.pin": _WRITERS,
    "timeline.view": _EVERYONE,
}

# How far each role sees among the kinds that have owners.
REACH: Mapping[str, str] = {
    "admin": "all",
    "manager": "all",
    "marketer": "all",
    "seller": "team",
    "viewer": "all",
}

# The right for each verb on a kind of record: to see, make, change and delete one.
VERBS: Mapping[str, tuple[str, str, str, str]] = {
    "person": ("people.view", "people.create", "people.edit", "people.delete"),
    "company": ("people.view", "people.create", "people.edit", "people.delete"),
    "suppression": ("consent.view", "consent.suppress", "consent.edit_stop", "consent.lift"),
    "form": ("capture.view", "capture.create", "capture.edit", "capture.delete"),
    "page": ("capture.view", "capture.create", "capture.edit", "capture.delete"),
    "submission": ("capture.view", "capture.enter", "capture.moderate", "capture.moderate"),
    "message": ("delivery.view", "delivery.write", "delivery.write", "delivery.write"),
    "campaign": ("campaigns.view", "campaigns.create", "campaigns.edit", "campaigns.delete"),
    "cost": ("campaigns.view", "campaigns.edit", "campaigns.edit", "campaigns.edit"),
    "lead": ("handoff.view", "handoff.create", "handoff.create", "handoff.assign"),
    "handoff": ("handoff.view", "handoff.create", "handoff.assign", "handoff.create"),
    "deal": ("deals.view", "deals.create", "deals.edit", "deals.delete"),
    "pipeline": ("deals.view", "deals.settings", "deals.settings", "deals.settings"),
    "order": ("revenue.view", "revenue.book", "revenue.edit", "revenue.delete"),
}

# Kinds of which a colleague of another team has some that a seller does not see: those with an
# owner, and those that follow a person (an order, a message, what was sent in) or a campaign.
FOLLOWS_AN_OWNER = frozenset(VERBS) - {"suppression", "form", "page", "pipeline"}

# What somebody may do with their own words, files and views alone, whoever sees the record.
OWN_ONLY = (
    "uncomment",
    "delete_file",
    "change_view",
    "delete_view",
    "/views/<uuid:public_id>",
    "/views/<uuid:public_id>/deletion",
    "/comments/<uuid:comment_id>/deletion",
    "/files/<uuid:attachment_id>/deletion",
)

# The kinds of which two records can turn out to be one.
MERGED = frozenset({"person", "company"})

PUBLIC = "public"
SIGNED_IN = "signed in"
ABSENT = "absent"  # there is no such door for the kind, whoever asks

# The operations of the API on every kind of record, by the end of their name.
KIND_OPERATIONS: Mapping[str, str] = {
    "list": "{view}",
    "create": "{create}",
    "get": "{view}",
    "change": "{edit}",
    "delete": "{delete}",
    "comments": "{view}",
    "comment": "{view} records.comment",
    "uncomment": "{view} records.comment",
    "tag": "{view} records.tag",
    "untag": "{view} records.tag",
    "aggregates": "{view}",
    "history": "{view}",
    "files": "{view}",
    "attach": "{view} records.attach",
    "file": "{view}",
    "delete_file": "{view} records.attach",
    "views": "{view}",
    "save_view": "{view} records.own_views",
    "change_view": "{view} records.own_views",
    "delete_view": "{view} records.own_views",
    "bulk": "{view} records.tag",
    "change_many": "{edit}",
    "merges": "{view}",
    "merge": "{edit} records.merge",
    "merge_many": "{edit} records.merge",
    "unmerge": "{edit} records.merge",
    "duplicates": "{view} records.merge",
    "duplicate_search": "{view} records.merge",
    "keep_apart": "{edit} records.merge",
    "export": "{view} records.disclose",
    "erase": "{delete} records.erase",
    "refuse_erasure": "{delete} records.erase",
}

# The others, by their name.
OPERATIONS: Mapping[str, str] = {
    "users_list": "accounts.view_users",
    "me": SIGNED_IN,
    "roles_list": "accounts.manage_roles",
    "role_rights": "accounts.manage_roles",
    "role_scopes": "accounts.manage_roles",
    "role_hidden_fields": "accounts.manage_roles",
    "erasure_list": "records.erase",
    "erasure_get": "records.erase",
    "erasure_withdraw": "records.erase",
    "change_set_list": "kernel.undo",
    "change_set_changes": "kernel.undo",
    "change_set_get": "kernel.undo",
    "change_set_undo": "kernel.undo",
    "progress_get": "kernel.watch",
    "progress_cancel": "kernel.watch",
    "deal_move": "deals.edit",
    "deal_win": "deals.close",
    "deal_lose": "deals.close",
    "deal_reopen": "deals.close",
    "deal_contacts": "deals.view",
    "deal_put_contact": "deals.edit",
    "deal_remove_contact": "deals.edit",
    "pipeline_add_stage": "deals.settings",
    "pipeline_change_stage": "deals.settings",
    "pipeline_delete_stage": "deals.settings",
    "import_list": "records.import",
    "import_create": "records.import",
    "import_get": "records.import",
    "import_rows": "records.import",
    "import_revert": "records.import",
    "field_list": "records.view",
    "field_create": "records.fields",
    "field_get": "records.view",
    "field_change": "records.fields",
    "field_retire": "records.fields",
    "field_restore": "records.fields",
    "export_list": "records.export",
    "export_status": "records.export",
    "export_get": "records.export",
    "access_list": "records.see_accesses",
    "person_emails": "people.view",
    "person_add_email": "people.edit",
    "person_change_email": "people.edit",
    "person_remove_email": "people.edit",
    "person_phones": "people.view",
    "person_add_phone": "people.edit",
    "person_change_phone": "people.edit",
    "person_remove_phone": "people.edit",
    "person_employments": "people.view",
    "person_add_employment": "people.edit",
    "person_change_employment": "people.edit",
    "person_remove_employment": "people.edit",
    "person_relationships": "people.view",
    "person_add_relationship": "people.edit",
    "person_change_relationship": "people.edit",
    "person_remove_relationship": "people.edit",
    "person_introductions": "people.view",
    "company_domains": "people.view",
    "company_add_domain": "people.edit",
    "company_change_domain": "people.edit",
    "company_remove_domain": "people.edit",
    "company_group": "people.view",
    "order_lines": "revenue.view",
    "timeline_list": "timeline.view",
    "timeline_pin": "timeline.pin",
    "timeline_unpin": "timeline.pin",
    "consent_list": "consent.view",
    "consent_create": "consent.record",
    "consent_get": "consent.view",
    "notifications_list": "notifications.view",
    "notifications_read_all": "notifications.view",
    "notifications_ways": "notifications.view",
    "notifications_choose": "notifications.view",
    "notifications_get": "notifications.view",
    "notifications_change": "notifications.view",
    "metrics_list": "measures.view",
    "metrics_get": "measures.view",
    "attribution_get": "insight.view",
    "campaign_assets": "campaigns.view",
    "campaign_attach_asset": "campaigns.edit",
    "campaign_detach_asset": "campaigns.edit",
    "handoff_accept": "handoff.answer",
    "handoff_reject": "handoff.answer",
    "handoff_reply": "handoff.reply",
    "handoff_touch": "handoff.answer",
}

_USERS = "accounts.manage_users"
_TEAMS = "accounts.manage_teams"
_COMPANY = "accounts.manage_company"
_ONE = "/<kind:kind>/<uuid:public_id>"

_PARTS = {
    "/people/<uuid:public_id>/emails": ("/main",),
    "/people/<uuid:public_id>/phones": ("/main",),
    "/people/<uuid:public_id>/employments": ("/main",),
    "/people/<uuid:public_id>/relationships": (),
    "/companies/<uuid:public_id>/domains": ("/main",),
}

# Every page and fragment, but those of the library that signs people in.
PAGES: Mapping[str, str] = {
    **dict.fromkeys(_PARTS, "people.edit"),
    **{
        f"{where}/<int:number>{verb}": "people.edit"
        for where, verbs in _PARTS.items()
        for verb in ("", "/removal", *verbs)
    },
    "/people/<uuid:public_id>/introductions": "people.view",
    "/settings/": "accounts.own_settings",
    "/settings/tokens": "accounts.manage_tokens",
    "/settings/tokens/new": "accounts.manage_tokens",
    "/settings/tokens/<uuid:public_id>/revocation": "accounts.manage_tokens",
    "/settings/users": "accounts.view_users",
    "/settings/users/new": _USERS,
    "/settings/users/<uuid:public_id>": _USERS,
    "/settings/users/<uuid:public_id>/password": _USERS,
    "/settings/users/<uuid:public_id>/deactivation": _USERS,
    "/settings/users/<uuid:public_id>/reactivation": _USERS,
    "/settings/users/<uuid:public_id>/second-factor-removal": _USERS,
    "/settings/roles": "accounts.manage_roles",
    "/settings/roles/<role:role>": "accounts.manage_roles",
    "/settings/roles/<role:role>/rights": "accounts.manage_roles",
    "/settings/roles/<role:role>/fields/<slug:kind>": "accounts.manage_roles",
    "/settings/teams": "accounts.view_users",
    "/settings/teams/new": _TEAMS,
    "/settings/teams/<uuid:public_id>": _TEAMS,
    "/settings/teams/<uuid:public_id>/members": _TEAMS,
    "/settings/teams/<uuid:public_id>/removal": _TEAMS,
    "/settings/company": _COMPANY,
    "/settings/rates": _COMPANY,
    "/settings/rates/removal": _COMPANY,
    "/settings/holidays": _COMPANY,
    "/settings/holidays/calendar": _COMPANY,
    "/settings/holidays/removal": _COMPANY,
    "/settings/mail": "delivery.operate",
    "/settings/mail/test": "delivery.operate",
    "/settings/accesses": "records.see_accesses",
    "/settings/notifications": "notifications.view",
    "/notifications": "notifications.view",
    "/notifications/bell": "notifications.view",
    "/notifications/reading": "notifications.view",
    "/notifications/<uuid:public_id>/opening": "notifications.view",
    "/notifications/<uuid:public_id>/reading": "notifications.view",
    "/notifications/<uuid:public_id>/snooze": "notifications.view",
    "/palette": SIGNED_IN,
    "/theme": PUBLIC,
    "/undo": "kernel.undo",
    "/undo/<uuid:public_id>": "kernel.undo",
    "/jobs": "kernel.watch",
    "/jobs/<uuid:public_id>": "kernel.watch",
    "/jobs/<uuid:public_id>/cancellation": "kernel.watch",
    "/ui/components": PUBLIC,
    "/ui/components/answer": PUBLIC,
    "/ui/components/peek": PUBLIC,
    "/ui/components/cell": PUBLIC,
    "/ui/components/<slug:part>": PUBLIC,
    "/measures": "measures.view",
    "/measures/<slug:key>": "measures.view",
    "/timeline/<slug:slug>/<uuid:public_id>": "timeline.view {view}",
    "/timeline/<slug:slug>/<uuid:public_id>/order": "timeline.view {view}",
    "/timeline/<slug:slug>/<uuid:public_id>/pins": "timeline.pin {view}",
    "/timeline/<slug:slug>/<uuid:public_id>/pins/<uuid:event>/removal": "timeline.pin {view}",
    "/c/<str:token>": PUBLIC,
    "/u/<str:token>": PUBLIC,
    "/forms/<uuid:public_id>/questions": "capture.edit",
    "/pages/<uuid:public_id>/body": "capture.edit",
    "/f/<slug:slug>": PUBLIC,
    "/f/<slug:slug>/thanks": PUBLIC,
    "/p/<slug:slug>": PUBLIC,
    "/p/<slug:slug>/thanks": PUBLIC,
    "/campaigns/<uuid:public_id>/results": "campaigns.view",
    "/campaigns/<uuid:public_id>/costs": "campaigns.edit",
    "/campaigns/<uuid:public_id>/costs/<uuid:cost_id>/deletion": "campaigns.edit",
    "/campaigns/<uuid:public_id>/assets": "campaigns.edit",
    "/campaigns/<uuid:public_id>/assets/removal": "campaigns.edit",
    "/handoffs": "handoff.view",
    "/handoffs/sent": "handoff.view",
    "/handoffs/of/<slug:kind>/<uuid:public_id>": "handoff.view {view}",
    "/handoffs/new/<uuid:person_id>": "handoff.create",
    "/handoffs/<uuid:public_id>": "handoff.view",
    "/handoffs/<uuid:public_id>/acceptance": "handoff.answer",
    "/handoffs/<uuid:public_id>/rejection": "handoff.answer",
    "/handoffs/<uuid:public_id>/reply": "handoff.reply",
    "/handoffs/<uuid:public_id>/touches": "handoff.answer",
    "/handoffs/<uuid:public_id>/owner": "handoff.assign",
    "/handoffs/<uuid:public_id>/withdrawal": "handoff.create",
    "/attribution": "insight.view",
    "/deals/board": "deals.view",
    "/deals/board/cards": "deals.view",
    "/deals/board/setting-up": "deals.create",
    "/deals/<uuid:public_id>/stage": "deals.edit",
    "/deals/<uuid:public_id>/win": "deals.close",
    "/deals/<uuid:public_id>/loss": "deals.close",
    "/deals/<uuid:public_id>/reopening": "deals.close",
    "/deals/<uuid:public_id>/next-step": "deals.edit",
    "/deals/<uuid:public_id>/contacts": "deals.edit",
    "/deals/<uuid:public_id>/contacts/<uuid:person_id>/removal": "deals.edit",
    "/deals/from-lead/<uuid:public_id>": "deals.create",
    "/settings/pipelines": "deals.settings",
    "/settings/pipelines/<uuid:public_id>": "deals.settings",
    "/settings/pipelines/<uuid:public_id>/default": "deals.settings",
    "/settings/pipelines/<uuid:public_id>/removal": "deals.settings",
    "/settings/pipelines/<uuid:public_id>/stages": "deals.settings",
    "/settings/pipelines/<uuid:public_id>/stages/<uuid:stage_id>": "deals.settings",
    "/settings/pipelines/<uuid:public_id>/stages/<uuid:stage_id>/removal": "deals.settings",
    "/": PUBLIC,
    "/home/<slug:key>": SIGNED_IN,
    "/sending/release": "kernel.operate",
    "/walk": PUBLIC,
    "/walk/start": PUBLIC,
    "/search": SIGNED_IN,
    "/imports": "records.import",
    "/imports/<uuid:public_id>": "records.import",
    "/imports/<uuid:public_id>/start": "records.import",
    "/imports/<uuid:public_id>/reversion": "records.import",
    "/imports/<uuid:public_id>/rows": "records.import",
    "/imports/<uuid:public_id>/lists/<slug:name>": "records.import",
    "/settings/fields": "records.fields",
    "/settings/fields/new": "records.fields",
    "/settings/fields/<uuid:public_id>": "records.fields",
    "/settings/fields/<uuid:public_id>/place": "records.fields",
    "/settings/fields/<uuid:public_id>/retirement": "records.fields",
    "/settings/fields/<uuid:public_id>/restoration": "records.fields",
    "/exports/<uuid:public_id>": "records.export",
    "/changes": "kernel.undo",
    "/changes/<uuid:public_id>": "kernel.undo",
    "/erasures": "records.erase",
    "/erasures/<uuid:public_id>": "records.erase",
    "/erasures/<uuid:public_id>/certificate": "records.erase",
    "/erasures/<uuid:public_id>/withdrawal": "records.erase",
    "/duplicates": "records.merge",
    "/<kind:kind>/duplicates/search": "{view} records.merge",
    "/<kind:kind>/duplicates/<uuid:pair_id>/apart": "{edit} records.merge",
    "/<kind:kind>": "{view}",
    "/<kind:kind>/count": "{view}",
    "/<kind:kind>/feet": "{view}",
    "/<kind:kind>/foot/<slug:key>": "{view}",
    "/<kind:kind>/grouping": "{view}",
    "/<kind:kind>/new": "{create}",
    "/<kind:kind>/new/likely": "{create}",
    "/<kind:kind>/many/<slug:offer>": "{view} records.tag",
    "/<kind:kind>/cards": "{view}",
    "/<kind:kind>/paste": "{edit}",
    "/<kind:kind>/many/merge": "{edit} records.merge",
    "/<kind:kind>/many/progress/<uuid:public_id>": "{view}",
    "/<kind:kind>/filter": "{view}",
    "/<kind:kind>/views/new": "{view} records.own_views",
    "/<kind:kind>/views/<uuid:public_id>": "{view} records.own_views",
    "/<kind:kind>/views/<uuid:public_id>/deletion": "{view} records.own_views",
    _ONE: "{view}",
    f"{_ONE}/peek": "{view}",
    f"{_ONE}/fields/<slug:key>": "{edit}",
    f"{_ONE}/deletion": "{delete}",
    f"{_ONE}/erasure": "{delete} records.erase",
    f"{_ONE}/erasure/refusal": "{delete} records.erase",
    f"{_ONE}/disclosure": "{view} records.disclose",
    f"{_ONE}/disclosure/<uuid:progress_id>": "{view} records.disclose",
    f"{_ONE}/merge": "{edit} records.merge",
    f"{_ONE}/merges/<uuid:event_id>": "{edit} records.merge",
    f"{_ONE}/comments": "{view} records.comment",
    f"{_ONE}/colleagues": "{view}",
    f"{_ONE}/comments/<uuid:comment_id>/deletion": "{view} records.comment",
    f"{_ONE}/tags": "{view} records.tag",
    f"{_ONE}/tags/removal": "{view} records.tag",
    f"{_ONE}/files": "{view} records.attach",
    f"{_ONE}/files/<uuid:attachment_id>": "{view}",
    f"{_ONE}/files/<uuid:attachment_id>/deletion": "{view} records.attach",
}


def needs_of_operation(name: str) -> str:
    """What an operation of the API asks for, with the rights of its kind filled in."""
    if name in OPERATIONS:
        return OPERATIONS[name]
    kind, _line, verb = name.partition("_")
    return _with_verbs(KIND_OPERATIONS[verb], kind)


def needs_of_page(route: str, kind: str) -> str:
    """The same of a page; ``kind`` where it is about one."""
    if route == "/<kind:kind>/many/merge" and kind not in MERGED:
        return ABSENT
    return _with_verbs(PAGES[route], kind)


def may(role: str, needs: str) -> bool:
    """Whether a role has every right that is needed."""
    if needs in (PUBLIC, SIGNED_IN, ABSENT):
        return needs == PUBLIC or (needs == SIGNED_IN and role != ANONYMOUS)
    return all(role in RIGHTS[right].split() for right in needs.split())


def _with_verbs(needs: str, kind: str) -> str:
    if kind not in VERBS:
        return needs
    view, create, edit, delete = VERBS[kind]
    return needs.format(view=view, create=create, edit=edit, delete=delete)
