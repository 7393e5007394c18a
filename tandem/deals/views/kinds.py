"""Deals and pipelines as kinds of record, and their entries in the navigation."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from tandem.deals import actions, queries
from tandem.deals.models import (
    Category,
    Deal,
    DealContact,
    DealStageInterval,
    DealValue,
    Pipeline,
)
from tandem.deals.schemas import (
    ChangeDeal,
    ChangePipeline,
    DealOut,
    NewDeal,
    NewPipeline,
    PipelineOut,
    StageOut,
)
from tandem.kernel.actor import Actor
from tandem.people.rules import SEARCHED
from tandem.people.schemas import RefOut
from tandem.records.slots import (
    OBJECT_TYPES,
    Choice,
    Field,
    FieldType,
    ObjectType,
    Permissions,
    Relation,
    relate,
)
from tandem.timeline.queries import Touch, last_touches
from tandem.ui import formats, navigation
from tandem.ui.navigation import NavItem, Section

TONES = {Category.OPEN: "", Category.WON: "ok", Category.LOST: "bad"}


def status_choices() -> list[Choice]:
    """Open, won, lost, each with its tone."""
    return [Choice(one.value, one.label, TONES[one]) for one in Category]


def _touches(actor: Actor, rows: Sequence[Any]) -> Mapping[int, Touch]:
    return last_touches(actor, "deal", [row.pk for row in rows])


# --- deals ----------------------------------------------------------------------------------------


def _subtitle(deal: Deal) -> str:
    money, with_whom = queries.money_of(deal), deal.company or queries.person_of(deal)
    who = with_whom.name if with_whom is not None and with_whom.name != deal.name else ""
    worth = formats.money(money) if money is not None else ""
    return ", ".join(filter(None, [who, worth, deal.stage.name]))


def deal_output(deal: Deal) -> dict[str, Any]:
    """A deal as the API answers it."""
    money, pipeline, stage = queries.money_of(deal), deal.pipeline, deal.stage
    return DealOut(
        id=deal.public_id,
        name=deal.name,
        company=RefOut.of(deal.company),
        person=RefOut.of(queries.person_of(deal)),
        amount=money.major if money is not None else None,
        currency=deal.currency,
        pipeline=RefOut(id=pipeline.public_id, name=pipeline.name),
        stage=RefOut(id=stage.public_id, name=stage.name),
        status=deal.status,
        probability=stage.probability,
        expected_close=deal.expected_close,
        owner=RefOut.of(deal.owner),
        next_step=deal.next_step or None,
        next_step_on=deal.next_step_on,
        lead=deal.source.lead.public_id if deal.source else None,
        opened_at=deal.opened_at,
        closed_at=deal.closed_at,
        reason=deal.close_reason or None,
        said_by=deal.close_said_by or None,
        note=deal.close_note or None,
        created_at=deal.created_at,
        updated_at=deal.updated_at,
        version=deal.row_version,
    ).model_dump()


_T = FieldType

DEAL = ObjectType(
    kind="deal",
    slug="deals",
    model=Deal,
    label=gettext_lazy("Deal"),
    label_plural=gettext_lazy("Deals"),
    icon="briefcase",
    shortcut="d",
    permissions=Permissions(
        view="deals.view", create="deals.create", edit="deals.edit", delete="deals.delete"
    ),
    fields=(
        Field(
            "name",
            gettext_lazy("Name"),
            _T.TEXT,
            sort="sort_key",
            is_editable=True,
            width="w-name",
        ),
        Field(
            "company",
            gettext_lazy("Company"),
            _T.RECORD,
            source="company__name",
            sort="company__sort_key",
            is_editable=True,
        ),
        Field(
            "person",
            gettext_lazy("Person"),
            _T.RECORD,
            source="main_contact__person__name",
            sort="main_contact__person__sort_key",
            is_editable=True,
            width="w-mid",
        ),
        Field(
            "amount",
            gettext_lazy("Amount"),
            _T.MONEY,
            source="amount_minor",
            is_editable=True,
            width="w-num",
        ),
        Field("currency", gettext_lazy("Currency"), _T.TEXT, is_editable=True, width="w-num"),
        Field(
            "stage",
            gettext_lazy("Stage"),
            _T.TEXT,
            source="stage__name",
            sort="stage__position",
            width="w-mid",
        ),
        Field("status", gettext_lazy("State"), _T.CHOICE, choices=status_choices, width="w-chip"),
        Field(
            "expected_close",
            gettext_lazy("Expected close"),
            _T.DATE,
            is_editable=True,
            width="w-when",
        ),
        Field("next_step", gettext_lazy("Next step"), _T.TEXT, is_editable=True),
        Field(
            "next_step_on", gettext_lazy("Next step on"), _T.DATE, is_editable=True, width="w-when"
        ),
        Field(
            "owner",
            gettext_lazy("Owner"),
            _T.USER,
            sort="owner__name",
            is_editable=True,
            width="w-name",
        ),
        Field(
            "pipeline", gettext_lazy("Pipeline"), _T.TEXT, source="pipeline__name", width="w-mid"
        ),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field(
            "last_touch", gettext_lazy("Last touch"), _T.TOUCH, load=_touches, is_filterable=False
        ),
        Field("opened_at", gettext_lazy("Opened"), _T.MOMENT, width="w-when"),
        Field("closed_at", gettext_lazy("Closed"), _T.MOMENT, width="w-when"),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
        Field("updated_at", gettext_lazy("Changed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "company", "amount", "stage", "expected_close", "next_step", "owner"),
    default_sort="-opened_at",
    is_scoped=True,
    visible_to=queries.deals_visible_to,
    prepare=queries.prepare_deals,
    search=queries.search_deals,
    name_of=lambda deal: deal.name,
    subtitle_of=_subtitle,
    subtitle_fields=("company", "person", "amount", "stage"),
    searched_fields=("company", "person", *SEARCHED),
    input_schema=NewDeal,
    change_schema=ChangeDeal,
    output_schema=DealOut,
    output=deal_output,
    told={"probability": ("deal.stage",)},
    parts={
        "person": (DealContact,),
        "stage": (DealStageInterval, DealValue),
        "amount": (DealValue,),
        "expected_close": (DealValue,),
    },
    create=actions.open_deal,
    update=actions.change_deal,
    delete=actions.delete_deal,
    is_square=True,
    board="deals:board",
)


# --- pipelines ------------------------------------------------------------------------------------


def _stages(pipeline: Pipeline) -> str:
    return ", ".join(stage.name for stage in getattr(pipeline, "in_order", ()))


def _stage_lines(actor: Actor, rows: Sequence[Any]) -> Mapping[int, str]:
    return {row.pk: _stages(row) for row in rows}


def pipeline_output(pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline as the API answers it, with its stages in order."""
    return PipelineOut(
        id=pipeline.public_id,
        name=pipeline.name,
        motion=pipeline.motion.key,
        is_default=pipeline.is_default,
        stages=[
            stage_output(stage, at)
            for at, stage in enumerate(getattr(pipeline, "in_order", ()), start=1)
        ],
        created_at=pipeline.created_at,
        updated_at=pipeline.updated_at,
        version=pipeline.row_version,
    ).model_dump()


def stage_output(stage: Any, position: int) -> StageOut:
    """A stage as the API answers it; its place counts from 1."""
    return StageOut(
        id=stage.public_id,
        name=stage.name,
        category=stage.category,
        position=position,
        probability=stage.probability,
        rot_days=stage.rot_days,
        version=stage.row_version,
    )


PIPELINE = ObjectType(
    kind="pipeline",
    slug="pipelines",
    model=Pipeline,
    label=gettext_lazy("Pipeline"),
    label_plural=gettext_lazy("Pipelines"),
    icon="route",
    shortcut="",
    permissions=Permissions(
        view="deals.view", create="deals.settings", edit="deals.settings", delete="deals.settings"
    ),
    fields=(
        Field("name", gettext_lazy("Name"), _T.TEXT, is_editable=True, width="w-name"),
        Field("motion", gettext_lazy("Motion"), _T.TEXT, source="motion__name", width="w-mid"),
        Field("is_default", gettext_lazy("New deals go here"), _T.BOOLEAN, width="w-mid"),
        Field("stages", gettext_lazy("Stages"), _T.TEXT, load=_stage_lines, is_filterable=False),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "motion", "is_default", "stages"),
    default_sort="name",
    visible_to=queries.pipelines_visible_to,
    prepare=lambda rows: rows,
    search=queries.search_pipelines,
    name_of=lambda pipeline: pipeline.name,
    subtitle_of=_stages,
    input_schema=NewPipeline,
    change_schema=ChangePipeline,
    output_schema=PipelineOut,
    output=pipeline_output,
    create=actions.create_pipeline,
    update=actions.change_pipeline,
    delete=actions.delete_pipeline,
    is_square=True,
)

relate(
    Relation(
        kind="company",
        key="deals",
        label=gettext_lazy("Deals"),
        to="deal",
        own="pk",
        theirs="company_id",
        their_field="company",
    ),
    Relation(
        kind="person",
        key="deals",
        label=gettext_lazy("Deals"),
        to="deal",
        own="pk",
        theirs="contacts__person_id",
        their_field="person",
    ),
    Relation(
        kind="deal",
        key="company",
        label=gettext_lazy("Company"),
        to="company",
        own="company_id",
        theirs="pk",
        field="company",
    ),
)

for object_type in (DEAL, PIPELINE):
    OBJECT_TYPES.register(object_type.kind, object_type)

navigation.register(
    NavItem(
        key="deals",
        label=gettext_lazy("Deals"),
        icon="layout-kanban",
        url_name="deals:board",
        section=Section.SALES,
        order=20,
        permission="deals.view",
        shortcut="d",
        tab=True,
        base="/deals",
    ),
    NavItem(
        key="pipelines",
        label=gettext_lazy("Pipelines"),
        icon="route",
        url_name="deals:pipelines",
        section=Section.SETTINGS,
        order=65,
        permission="deals.settings",
    ),
)
