"""Forms, landing pages and submissions as kinds of record, and their place in the navigation."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from tandem.capture import actions, queries
from tandem.capture.models import (
    ContactKind,
    Form,
    LandingPage,
    Publication,
    Submission,
    SubmissionState,
)
from tandem.capture.rules import Channel
from tandem.capture.schemas import (
    ChangeForm,
    ChangePage,
    ChangeSubmission,
    FormOut,
    NewForm,
    NewPage,
    NewSubmission,
    PageOut,
    SubmissionOut,
)
from tandem.kernel.actor import Actor
from tandem.people.rules import SEARCHED
from tandem.people.schemas import RefOut
from tandem.records.slots import (
    MERGED_TABLES,
    OBJECT_TYPES,
    Choice,
    Field,
    FieldType,
    MergedTable,
    ObjectType,
    Permissions,
    Privacy,
    Relation,
    relate,
)
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section

PERMISSIONS = Permissions(
    view="capture.view", create="capture.create", edit="capture.edit", delete="capture.delete"
)
_T = FieldType

CHANNEL_NAMES = {
    Channel.PAID: gettext_lazy("Paid"),
    Channel.ORGANIC: gettext_lazy("Organic"),
    Channel.SOCIAL: gettext_lazy("Social"),
    Channel.EMAIL: gettext_lazy("E-mail"),
    Channel.REFERRAL: gettext_lazy("Referral"),
    Channel.DIRECT: gettext_lazy("Direct"),
    Channel.UNKNOWN: gettext_lazy("Unknown"),
}


def publication_choices() -> list[Choice]:
    """Draft, then published."""
    tones = {Publication.PUBLISHED: "ok"}
    return [Choice(one.value, one.label, tones.get(one, "")) for one in Publication]


def contact_choices() -> list[Choice]:
    """What can be asked for."""
    return [Choice(one.value, one.label) for one in ContactKind]


def state_choices() -> list[Choice]:
    """Accepted, or kept aside."""
    tones = {SubmissionState.QUARANTINED: "warn"}
    return [Choice(one.value, one.label, tones.get(one, "")) for one in SubmissionState]


def channel_choices() -> list[Choice]:
    """The channels in the order of the rules."""
    return [Choice(str(one), CHANNEL_NAMES[one]) for one in Channel]


def _counts(actor: Actor, rows: Sequence[Any]) -> Mapping[int, int]:
    return queries.submission_counts(actor, [row.pk for row in rows])


def _questions(_actor: Actor, rows: Sequence[Any]) -> Mapping[int, str]:
    return {row.pk: row.fields_text for row in rows}


def _body(_actor: Actor, rows: Sequence[Any]) -> Mapping[int, str]:
    return {row.pk: row.blocks_text for row in rows}


# --- forms ----------------------------------------------------------------------------------------


def form_output(form: Form) -> dict[str, Any]:
    """A form as the API answers it."""
    plain = {name: getattr(form, name) for name in FormOut.model_fields if hasattr(form, name)}
    return FormOut(**{**plain, "id": form.public_id, "version": form.row_version}).model_dump()


FORM = ObjectType(
    kind="form",
    slug="forms",
    model=Form,
    label=gettext_lazy("Form"),
    label_plural=gettext_lazy("Forms"),
    icon="forms",
    shortcut="",
    permissions=PERMISSIONS,
    fields=(
        Field("name", gettext_lazy("Name"), _T.TEXT, is_editable=True, width="w-name"),
        Field("slug", gettext_lazy("Address /f/"), _T.TEXT, is_editable=True, width="w-mid"),
        Field(
            "status",
            gettext_lazy("Status"),
            _T.CHOICE,
            choices=publication_choices,
            is_editable=True,
            width="w-chip",
        ),
        Field(
            "contact_kind",
            gettext_lazy("Asks for"),
            _T.CHOICE,
            choices=contact_choices,
            is_editable=True,
            width="w-mid",
        ),
        Field(
            "raises_hand",
            gettext_lazy("Raises a hand"),
            _T.BOOLEAN,
            is_editable=True,
            width="w-chip",
        ),
        Field(
            "submissions",
            gettext_lazy("Submissions"),
            _T.NUMBER,
            load=_counts,
            is_filterable=False,
            width="w-num",
        ),
        Field(
            "fields",
            gettext_lazy("Questions"),
            _T.TEXT,
            source="fields_text",
            load=_questions,
            is_editable=True,
            is_filterable=False,
        ),
        Field("intro", gettext_lazy("Introduction"), _T.TEXT, is_editable=True),
        Field("button", gettext_lazy("Button"), _T.TEXT, is_editable=True, width="w-mid"),
        Field("consent_wording", gettext_lazy("Wording of consent"), _T.TEXT, is_editable=True),
        Field(
            "consent_topic",
            gettext_lazy("Topic of consent"),
            _T.TEXT,
            is_editable=True,
            width="w-chip",
        ),
        Field("thanks", gettext_lazy("Thanks"), _T.TEXT, is_editable=True),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
        Field("updated_at", gettext_lazy("Changed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "status", "contact_kind", "raises_hand", "submissions", "updated_at"),
    default_sort="name",
    visible_to=queries.forms_visible_to,
    prepare=lambda rows: rows,
    search=queries.search_named,
    name_of=lambda form: form.name,
    subtitle_of=lambda form: f"/f/{form.slug}",
    subtitle_fields=("slug",),
    searched_fields=("slug",),
    input_schema=NewForm,
    change_schema=ChangeForm,
    output_schema=FormOut,
    output=form_output,
    create=actions.create_form,
    update=actions.change_form,
    delete=actions.delete_form,
    match_keys=("slug",),
    is_square=True,
)


# --- landing pages --------------------------------------------------------------------------------


def page_output(page: LandingPage) -> dict[str, Any]:
    """A landing page as the API answers it."""
    plain = {name: getattr(page, name) for name in PageOut.model_fields if hasattr(page, name)}
    more = {"id": page.public_id, "version": page.row_version, "form": RefOut.of(page.form)}
    return PageOut(**{**plain, **more}).model_dump()


PAGE = ObjectType(
    kind="page",
    slug="pages",
    model=LandingPage,
    label=gettext_lazy("Landing page"),
    label_plural=gettext_lazy("Landing pages"),
    icon="world-www",
    shortcut="",
    permissions=PERMISSIONS,
    fields=(
        Field("name", gettext_lazy("Name"), _T.TEXT, is_editable=True, width="w-name"),
        Field("slug", gettext_lazy("Address /p/"), _T.TEXT, is_editable=True, width="w-mid"),
        Field(
            "status",
            gettext_lazy("Status"),
            _T.CHOICE,
            choices=publication_choices,
            is_editable=True,
            width="w-chip",
        ),
        Field("headline", gettext_lazy("Headline"), _T.TEXT, is_editable=True),
        Field("lead", gettext_lazy("Lead"), _T.TEXT, is_editable=True),
        Field(
            "blocks",
            gettext_lazy("Body"),
            _T.TEXT,
            source="blocks_text",
            load=_body,
            is_editable=True,
            is_filterable=False,
        ),
        Field("form", gettext_lazy("Form"), _T.RECORD, source="form__name", is_editable=True),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
        Field("updated_at", gettext_lazy("Changed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "status", "headline", "form", "updated_at"),
    default_sort="name",
    visible_to=queries.pages_visible_to,
    prepare=queries.prepare_pages,
    search=queries.search_named,
    name_of=lambda page: page.name,
    subtitle_of=lambda page: f"/p/{page.slug}",
    subtitle_fields=("slug",),
    searched_fields=("slug",),
    input_schema=NewPage,
    change_schema=ChangePage,
    output_schema=PageOut,
    output=page_output,
    create=actions.create_page,
    update=actions.change_page,
    delete=actions.delete_page,
    match_keys=("slug",),
    is_square=True,
)


# --- submissions ----------------------------------------------------------------------------------


def submission_output(found: Submission) -> dict[str, Any]:
    """A submission as the API answers it."""
    plain = {
        name: getattr(found, name)
        for name in SubmissionOut.model_fields
        if name != "id"
        if hasattr(found, name)
    }
    return SubmissionOut(
        **{
            **plain,
            "id": found.public_id,
            "email": found.address,
            "form": RefOut.of(found.form),
            "page": RefOut.of(found.page),
            "person": RefOut.of(found.person),
        }
    ).model_dump()


def _sender(found: Submission) -> str:
    return found.person.name if found.person else found.answers.get("name") or found.address


SUBMISSION = ObjectType(
    kind="submission",
    slug="submissions",
    model=Submission,
    label=gettext_lazy("Submission"),
    label_plural=gettext_lazy("Submissions"),
    icon="clipboard-list",
    shortcut="",
    permissions=Permissions(
        view="capture.view",
        create="capture.enter",
        edit="capture.moderate",
        delete="capture.moderate",
    ),
    fields=(
        Field(
            "name",
            gettext_lazy("Mail"),
            _T.TEXT,
            source="address",
            width="w-name",
            privacy=Privacy.PERSONAL,
        ),
        Field("at", gettext_lazy("When"), _T.MOMENT, width="w-when"),
        Field(
            "person",
            gettext_lazy("Person"),
            _T.RECORD,
            source="person__name",
            sort="person__sort_key",
            width="w-mid",
            privacy=Privacy.PERSONAL,
        ),
        Field("form", gettext_lazy("Form"), _T.RECORD, source="form__name", width="w-mid"),
        Field("page", gettext_lazy("Landing page"), _T.RECORD, source="page__name", width="w-mid"),
        Field(
            "state",
            gettext_lazy("State"),
            _T.CHOICE,
            choices=state_choices,
            is_editable=True,
            width="w-chip",
        ),
        Field(
            "contact_kind",
            gettext_lazy("Asks for"),
            _T.CHOICE,
            choices=contact_choices,
            width="w-mid",
        ),
        Field("raises_hand", gettext_lazy("Raises a hand"), _T.BOOLEAN, width="w-chip"),
        Field(
            "channel", gettext_lazy("Channel"), _T.CHOICE, choices=channel_choices, width="w-mid"
        ),
        Field("utm_campaign", gettext_lazy("Campaign code"), _T.TEXT, width="w-mid"),
        Field("utm_source", gettext_lazy("Source"), _T.TEXT, width="w-mid"),
        Field("utm_medium", gettext_lazy("Medium"), _T.TEXT, width="w-mid"),
        Field("utm_content", gettext_lazy("Content"), _T.TEXT, width="w-mid"),
        Field("referrer", gettext_lazy("Referrer"), _T.TEXT),
        Field("url", gettext_lazy("Address of the page"), _T.TEXT),
        Field("has_consent", gettext_lazy("Agreed to news"), _T.BOOLEAN, width="w-chip"),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
    ),
    default_columns=("name", "at", "form", "state", "channel", "utm_campaign"),
    default_sort="-at",
    visible_to=queries.submissions_visible_to,
    prepare=queries.prepare_submissions,
    search=queries.search_submissions,
    name_of=_sender,
    subtitle_of=lambda found: found.form.name,
    subtitle_fields=("form",),
    searched_fields=("person", *SEARCHED),
    input_schema=NewSubmission,
    change_schema=ChangeSubmission,
    output_schema=SubmissionOut,
    output=submission_output,
    told={"email": ("person.email",)},
    holds={"answers": "person"},
    named_by=("person",),
    create=actions.enter_submission,
    update=actions.release_submission,
    delete=actions.delete_submission,
    privacy=Privacy.PERSONAL,
)

for object_type in (FORM, PAGE, SUBMISSION):
    OBJECT_TYPES.register(object_type.kind, object_type)

navigation.register(
    *(
        NavItem(
            key=found.slug,
            label=found.label_plural,
            icon=found.icon,
            url_name="records:list",
            args=(found.slug,),
            section=Section.MARKETING,
            order=order,
            permission="capture.view",
        )
        for order, found in ((40, PAGE), (50, FORM), (60, SUBMISSION))
    )
)

MERGED_TABLES.register("capture.submission", MergedTable(gettext_lazy("Forms sent")))
MERGED_TABLES.register("lake.subjectalias", MergedTable(gettext_lazy("Browsers")))

relate(
    Relation(
        kind="person",
        key="submissions",
        label=gettext_lazy("Submissions"),
        to="submission",
        own="pk",
        theirs="person_id",
        their_field="person",
    )
)
