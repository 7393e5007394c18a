"""Setting up pipelines and their stages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.deals import queries
from tandem.deals.errors import (
    MotionUnknown,
    PipelineInUse,
    PipelineIsDefault,
    PipelineNameTaken,
    StageInUse,
    StageNeeded,
    VersionConflict,
)
from tandem.deals.models import Category, Deal, Pipeline, Stage
from tandem.deals.schemas import ChangePipeline, ChangeStage, NewPipeline, NewStage
from tandem.handoff.models import Motion
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.live import changed
from tandem.kernel.models import Record
from tandem.people.rules import NEW_BUSINESS

# Name, category, chance, days until a deal is late.
_USUAL = (
    (gettext_lazy("Discovery"), Category.OPEN, "0.15", 10),
    (gettext_lazy("Samples sent"), Category.OPEN, "0.35", 14),
    (gettext_lazy("Proposal"), Category.OPEN, "0.55", 14),
    (gettext_lazy("Negotiation"), Category.OPEN, "0.75", 14),
    (gettext_lazy("Won"), Category.WON, "1", None),
    (gettext_lazy("Lost"), Category.LOST, "0", None),
)
_LOCK = "deals.pipelines"


def ensure_pipeline(actor: Actor) -> Pipeline:
    """The default pipeline; on first use "New business" with the usual stages is set up."""
    return queries.default_pipeline() or _set_up_pipeline(actor)


@action(permission="deals.create", is_apart=True)
def _set_up_pipeline(actor: Actor) -> Pipeline:
    _one_at_a_time()
    return queries.default_pipeline() or _insert(
        actor, _("New business"), motion=new_business(actor), is_default=True
    )


@action(permission="deals.settings")
def create_pipeline(actor: Actor, *, data: NewPipeline) -> tuple[Pipeline, bool]:
    """Set up a pipeline with the usual stages; the first one is the default. (pipeline, True).

    Raises PipelineNameTaken, MotionUnknown.
    """
    _one_at_a_time()
    motion = motion_named(data.motion) if data.motion else new_business(actor)
    is_first = queries.default_pipeline() is None
    with _names():
        return _insert(actor, data.name, motion=motion, is_default=is_first), True


@action(permission="deals.settings")
def change_pipeline(
    actor: Actor, public_id: UUID, *, data: ChangePipeline, version: int | None = None
) -> Pipeline:
    """Rename a pipeline, or make it the one where new deals go.

    Raises Missing, VersionConflict, PipelineNameTaken, PipelineIsDefault (there is always one).
    """
    _one_at_a_time()
    pipeline = queries.pipeline_by_public_id(actor, public_id)
    _check_version(pipeline, version if version is not None else data.version)
    columns: dict[str, Any] = {}
    if data.name is not None and data.name != pipeline.name:
        columns["name"] = data.name
    if data.is_default is not None and data.is_default != pipeline.is_default:
        if not data.is_default:
            raise PipelineIsDefault(field="is_default")
        for other in Pipeline.objects.filter(is_default=True):
            _touch(other, is_default=False)
        columns["is_default"] = True
    if columns:
        with _names():
            _touch(pipeline, **columns)
        changed("deal", "pipeline")
    return Pipeline.objects.get(pk=pipeline.pk)


@action(permission="deals.settings")
def delete_pipeline(actor: Actor, public_id: UUID) -> None:
    """Delete a pipeline without deals. Raises Missing, PipelineInUse, PipelineIsDefault."""
    _one_at_a_time()
    pipeline = queries.pipeline_by_public_id(actor, public_id)
    if pipeline.is_default:
        raise PipelineIsDefault()
    if Deal.objects.filter(pipeline_id=pipeline.pk).exists():
        raise PipelineInUse()
    _touch(pipeline, deleted_at=timezone.now())
    changed("deal", "pipeline")


@action(permission="deals.settings")
def add_stage(actor: Actor, pipeline_id: UUID, *, data: NewStage) -> Stage:
    """Add an open stage behind the last open one. Raises Missing."""
    _one_at_a_time()
    pipeline = queries.pipeline_by_public_id(actor, pipeline_id)
    stages = queries.stages_of(pipeline.pk)
    made = Stage.objects.create(
        pipeline=pipeline,
        name=data.name,
        position=queries.free_position(pipeline.pk),
        category=Category.OPEN,
        probability=data.probability,
        rot_days=data.rot_days,
    )
    is_open = [stage for stage in stages if stage.category == Category.OPEN]
    closing = [stage for stage in stages if stage.category != Category.OPEN]
    _order([*is_open, made, *closing])
    _touch(pipeline)
    changed("deal", "pipeline")
    return Stage.objects.get(pk=made.pk)


@action(permission="deals.settings")
def change_stage(actor: Actor, pipeline_id: UUID, stage_id: UUID, *, data: ChangeStage) -> Stage:
    """Rename a stage, change its chance, days or place; its category stays.

    Open stages stand before the closing ones, whatever place is asked for. Raises Missing,
    VersionConflict.
    """
    _one_at_a_time()
    pipeline = queries.pipeline_by_public_id(actor, pipeline_id)
    stage = _stage_of(pipeline, stage_id)
    _check_version(stage, data.version)
    given = data.given
    place = given.pop("position", None)
    columns = {
        name: value
        for name, value in given.items()
        if (value is not None or name == "rot_days") and getattr(stage, name) != value
    }
    if stage.category != Category.OPEN:
        columns.pop("probability", None)  # a won deal is certain, a lost one is not to come
    if columns:
        _touch(stage, **columns)
    if place is not None:
        others = [one for one in queries.stages_of(pipeline.pk) if one.pk != stage.pk]
        others.insert(place - 1, stage)
        _order(sorted(others, key=lambda one: one.category != Category.OPEN))
    _touch(pipeline)
    changed("deal", "pipeline")
    return Stage.objects.get(pk=stage.pk)


@action(permission="deals.settings")
def delete_stage(actor: Actor, pipeline_id: UUID, stage_id: UUID) -> None:
    """Delete an open stage in which no deal stands. Raises Missing, StageInUse, StageNeeded."""
    _one_at_a_time()
    pipeline = queries.pipeline_by_public_id(actor, pipeline_id)
    stage = _stage_of(pipeline, stage_id)
    is_open = [one for one in queries.stages_of(pipeline.pk) if one.category == Category.OPEN]
    if stage.category != Category.OPEN or len(is_open) == 1:
        raise StageNeeded()
    if queries.deals_in_stage(stage.pk):
        raise StageInUse()
    # It keeps its position, so that an undo finds it free.
    _touch(stage, deleted_at=timezone.now())
    _touch(pipeline)
    changed("deal", "pipeline")


def new_business(actor: Actor) -> Motion:
    """The motion that every company has, made when it is asked for first."""
    found, _is_new = Motion.objects.get_or_create(
        key=NEW_BUSINESS, defaults={"name": _("New business")}
    )
    return found


def motion_named(named: str) -> Motion:
    """The motion of this key, name or public id. Raises MotionUnknown."""
    found = queries.motion_named(named)
    if found is None:
        raise MotionUnknown(field="motion")
    return found


def _insert(actor: Actor, name: str, *, motion: Motion, is_default: bool) -> Pipeline:
    pipeline = Pipeline.objects.create(name=name, motion=motion, is_default=is_default)
    Stage.objects.bulk_create(
        Stage(
            pipeline=pipeline,
            name=str(label),
            position=at,
            category=category,
            probability=Decimal(chance),
            rot_days=days,
        )
        for at, (label, category, chance, days) in enumerate(_USUAL, start=1)
    )
    changed("deal", "pipeline")
    return pipeline


def _stage_of(pipeline: Pipeline, public_id: UUID) -> Stage:
    found = queries.live_stages().filter(pipeline_id=pipeline.pk, public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def _order(stages: Sequence[Stage]) -> None:
    """Number stages in this order; the numbers of deleted ones stay theirs."""
    taken = queries.positions_of_deleted(stages[0].pipeline_id)
    free = (number for number in count(1) if number not in taken)
    for stage, number in zip(stages, free, strict=False):
        if stage.position != number:
            _touch(stage, position=number)


def _check_version(record: Record, version: int | None) -> None:
    if version is not None and version != record.row_version:
        raise VersionConflict()


def _touch(record: Record, **columns: Any) -> None:
    type(record)._default_manager.filter(pk=record.pk).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


def _one_at_a_time() -> None:
    """Whoever sets up pipelines waits for whoever does so already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])


@contextmanager
def _names() -> Iterator[None]:
    """A name that another pipeline has is said so."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise PipelineNameTaken(field="name") from error
