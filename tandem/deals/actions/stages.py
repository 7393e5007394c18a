"""Which pipeline and which stage a text means."""

from uuid import UUID

from tandem.deals import queries
from tandem.deals.errors import PipelineMissing, PipelineUnknown, StageUnknown
from tandem.deals.models import Category, Pipeline, Stage
from tandem.kernel.actor import Actor


def pipeline_named(actor: Actor, named: str) -> Pipeline:
    """The pipeline of this public id or name. Raises PipelineUnknown."""
    rows = queries.pipelines_visible_to(actor)
    try:
        found = rows.filter(public_id=UUID(named)).first()
    except ValueError:
        found = rows.filter(name__iexact=named.strip()).first()
    if found is None:
        raise PipelineUnknown(field="pipeline")
    return found


def pipeline_for(actor: Actor, motion_id: int | None = None) -> Pipeline:
    """Where a new deal goes: the default pipeline, or one of the motion where that has another.

    Raises PipelineMissing.
    """
    found = queries.pipelines_in_order(actor)
    fitting = [one for one in found if motion_id is None or one.motion_id == motion_id]
    if not found:
        raise PipelineMissing()
    return (fitting or found)[0]


def stage_named(pipeline_id: int, named: str) -> Stage:
    """The live stage of a pipeline of this public id or name. Raises StageUnknown."""
    stages = queries.stages_of(pipeline_id)
    try:
        wanted = UUID(named)
    except ValueError:
        key = named.strip().casefold()
        found = [stage for stage in stages if stage.name.casefold() == key]
    else:
        found = [stage for stage in stages if stage.public_id == wanted]
    if not found:
        raise StageUnknown(field="stage")
    return found[0]


def first_stage(pipeline_id: int, category: Category = Category.OPEN) -> Stage:
    """The first stage of a category in a pipeline. Raises StageUnknown."""
    found = [one for one in queries.stages_of(pipeline_id) if one.category == category]
    if not found:
        raise StageUnknown(field="stage")
    return found[0]
