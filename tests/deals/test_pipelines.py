"""Pipelines and their stages: set up on first use, ordered, renamed, and kept where deals stand."""

import pytest

from tandem.deals.actions import (
    add_stage,
    change_pipeline,
    change_stage,
    create_pipeline,
    delete_pipeline,
    delete_stage,
    ensure_pipeline,
    open_deal,
)
from tandem.deals.errors import (
    PipelineInUse,
    PipelineIsDefault,
    PipelineNameTaken,
    StageInUse,
    StageNeeded,
    VersionConflict,
)
from tandem.deals.models import Deal, Pipeline, Stage
from tandem.deals.queries import default_pipeline, stages_of
from tandem.deals.schemas import ChangePipeline, ChangeStage, NewDeal, NewPipeline, NewStage
from tandem.kernel.errors import Refused
from tandem.kernel.undo import undo
from tests.deals.conftest import last_done

pytestmark = pytest.mark.django_db

USUAL = ["Discovery", "Samples sent", "Proposal", "Negotiation", "Won", "Lost"]


def names(pipeline) -> list[str]:
    return [stage.name for stage in stages_of(pipeline.pk)]


@pytest.fixture
def boss(make_actor):
    return make_actor("manager")


def test_the_first_pipeline_is_there_on_first_use_and_once(deal, system):
    assert Pipeline.objects.count() == 1  # the fixture has asked for it
    deal()
    assert ensure_pipeline(system) == Pipeline.objects.get()
    assert names(Pipeline.objects.get()) == USUAL
    assert Pipeline.objects.get(is_default=True).motion.key == "new_business"


def test_the_first_pipeline_stays_when_the_deal_that_needed_it_is_undone(priya):
    open_deal(priya, data=NewDeal(name="Tins"))
    undo(priya, last_done())
    assert Deal.objects.get().deleted_at is not None
    assert Pipeline.objects.get().deleted_at is None
    assert names(Pipeline.objects.get()) == USUAL


def test_a_stage_is_added_behind_the_open_ones(pipeline, boss):
    add_stage(boss, pipeline.public_id, data=NewStage(name="Agreement", probability="0.9"))
    assert names(pipeline) == [*USUAL[:4], "Agreement", "Won", "Lost"]


def test_stages_are_reordered_but_closing_ones_stay_last(pipeline, boss, stage):
    change = ChangeStage(position=1)
    change_stage(boss, pipeline.public_id, stage("Proposal").public_id, data=change)
    assert names(pipeline)[:3] == ["Proposal", "Discovery", "Samples sent"]
    change_stage(boss, pipeline.public_id, stage("Won").public_id, data=change)
    assert names(pipeline)[-2:] == ["Won", "Lost"]
    change_stage(
        boss, pipeline.public_id, stage("Proposal").public_id, data=ChangeStage(position=99)
    )
    assert names(pipeline)[3:] == ["Proposal", "Won", "Lost"]


def test_a_stage_is_renamed_with_its_chance_and_days(pipeline, boss, stage):
    change_stage(
        boss,
        pipeline.public_id,
        stage("Proposal").public_id,
        data=ChangeStage(name="Offer", probability="0.6", rot_days=None),
    )
    found = Stage.objects.get(pk=stage("Proposal").pk)
    assert (found.name, str(found.probability), found.rot_days) == ("Offer", "0.600", None)
    change_stage(
        boss, pipeline.public_id, stage("Won").public_id, data=ChangeStage(probability="0.1")
    )
    assert Stage.objects.get(pk=stage("Won").pk).probability == 1
    with pytest.raises(VersionConflict):
        change_stage(
            boss,
            pipeline.public_id,
            stage("Proposal").public_id,
            data=ChangeStage(name="Late", version=1),
        )


def test_a_stage_with_deals_stays(deal, pipeline, boss, stage):
    deal()
    with pytest.raises(StageInUse):
        delete_stage(boss, pipeline.public_id, stage("Discovery").public_id)
    with pytest.raises(StageNeeded):
        delete_stage(boss, pipeline.public_id, stage("Won").public_id)
    assert names(pipeline) == USUAL


def test_a_deleted_stage_comes_back_to_its_place(pipeline, boss, stage):
    delete_stage(boss, pipeline.public_id, stage("Samples sent").public_id)
    deletion = last_done()
    assert names(pipeline) == ["Discovery", "Proposal", "Negotiation", "Won", "Lost"]
    add_stage(boss, pipeline.public_id, data=NewStage(name="Agreement"))
    undo(boss, deletion)
    assert "Samples sent" in names(pipeline)
    positions = [one.position for one in Stage.objects.filter(pipeline=pipeline)]
    assert len(positions) == len(set(positions))


def test_the_last_open_stage_stays(pipeline, boss, stage):
    for name in ("Samples sent", "Proposal", "Negotiation"):
        delete_stage(boss, pipeline.public_id, stage(name).public_id)
    with pytest.raises(StageNeeded):
        delete_stage(boss, pipeline.public_id, stage("Discovery").public_id)
    assert names(pipeline) == ["Discovery", "Won", "Lost"]


def test_one_pipeline_is_the_default(pipeline, boss, deal):
    other, _new = create_pipeline(boss, data=NewPipeline(name="Partners"))
    assert (other.is_default, names(other)) == (False, USUAL)
    with pytest.raises(PipelineNameTaken):
        create_pipeline(boss, data=NewPipeline(name="partners"))
    with pytest.raises(PipelineIsDefault):
        change_pipeline(boss, pipeline.public_id, data=ChangePipeline(is_default=False))
    change_pipeline(boss, other.public_id, data=ChangePipeline(is_default=True))
    assert default_pipeline() == other
    assert deal().pipeline == other
    with pytest.raises(PipelineIsDefault):
        delete_pipeline(boss, other.public_id)
    delete_pipeline(boss, pipeline.public_id)
    assert [one.name for one in Pipeline.objects.filter(deleted_at=None)] == ["Partners"]


def test_a_pipeline_with_deals_stays(pipeline, boss, deal):
    deal()
    other, _new = create_pipeline(boss, data=NewPipeline(name="Partners"))
    change_pipeline(boss, other.public_id, data=ChangePipeline(is_default=True))
    with pytest.raises(PipelineInUse):
        delete_pipeline(boss, pipeline.public_id)
    assert Pipeline.objects.filter(deleted_at=None).count() == 2


def test_a_seller_sets_up_nothing(pipeline, priya, stage):
    for verb in (
        lambda: create_pipeline(priya, data=NewPipeline(name="Mine")),
        lambda: add_stage(priya, pipeline.public_id, data=NewStage(name="Mine")),
        lambda: delete_stage(priya, pipeline.public_id, stage("Proposal").public_id),
    ):
        with pytest.raises(Refused):
            verb()
    assert names(pipeline) == USUAL
