"""Routes of deals that the generic ones do not have: the board, the verbs, the settings."""

from django.urls import path

from tandem.deals.views import board, pipelines, verbs

app_name = "deals"

urlpatterns = [
    path("deals/board", board.board, name="board"),
    path("deals/board/cards", board.cards, name="cards"),
    path("deals/board/setting-up", board.first_pipeline, name="first_pipeline"),
    path("deals/<uuid:public_id>/stage", verbs.stage, name="stage"),
    path("deals/<uuid:public_id>/win", verbs.win, name="win"),
    path("deals/<uuid:public_id>/loss", verbs.loss, name="loss"),
    path("deals/<uuid:public_id>/reopening", verbs.reopening, name="reopening"),
    path("deals/<uuid:public_id>/next-step", verbs.next_step, name="next_step"),
    path("deals/<uuid:public_id>/contacts", verbs.contacts, name="contacts"),
    path(
        "deals/<uuid:public_id>/contacts/<uuid:person_id>/removal",
        verbs.contact_removal,
        name="contact_removal",
    ),
    path("deals/from-lead/<uuid:public_id>", verbs.from_lead, name="from_lead"),
    path("settings/pipelines", pipelines.pipelines, name="pipelines"),
    path("settings/pipelines/<uuid:public_id>", pipelines.pipeline, name="pipeline"),
    path("settings/pipelines/<uuid:public_id>/default", pipelines.default, name="default"),
    path("settings/pipelines/<uuid:public_id>/removal", pipelines.removal, name="removal"),
    path("settings/pipelines/<uuid:public_id>/stages", pipelines.new_stage, name="new_stage"),
    path(
        "settings/pipelines/<uuid:public_id>/stages/<uuid:stage_id>",
        pipelines.stage,
        name="pipeline_stage",
    ),
    path(
        "settings/pipelines/<uuid:public_id>/stages/<uuid:stage_id>/removal",
        pipelines.stage_removal,
        name="stage_removal",
    ),
]
