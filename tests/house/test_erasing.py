"""Every table says what becomes of it when a person is erased; a new one cannot be forgotten."""

from collections.abc import Iterable

import pytest
from django.apps import apps
from django.db import models
from django.db.models.fields.json import JSONField

from tandem.kernel.refs import OnErase
from tandem.people.models import Person
from tandem.records.queries.erasing import reached_from
from tandem.records.slots import ERASED_TABLES, MERGED_TABLES, ErasedTable

# Colleagues, their rights, and the company that works here.
OF_COLLEAGUES = "accounts"

TEXTS = (models.CharField, models.TextField, JSONField, models.GenericIPAddressField)
STAYS = {OnErase.BLANK, OnErase.ANONYMISE}

# Tables to which nothing leads from a person, and why. In those of them that hold texts, what names
# somebody is looked for and replaced (records.actions.sweeping).
NOT_OF_PERSONS = {
    "kernel.changeset": "who did what: of colleagues; its reason is searched",
    "kernel.recordchange": "history: goes with the rows that it is of",
    "kernel.publishedfact": "ids; searched",
    "kernel.delivery": "ids; searched",
    "kernel.progressrecord": "labels and counts; searched",
    "kernel.idempotencykey": "answers that are kept a week: those that name them go",
    "kernel.installation": "of the installation",
    "records.openingview": "which view a list opens with",
    "records.savedview": "filters; searched",
    "records.tag": "words for many; searched",
    "records.exportrun": "who exported; its filter is searched, its file removed",
    "records.storedfile": "contents: go with the last attachment",
    "records.importrun": "what a file said; searched, its file removed",
    "records.fielddef": "of the installation",
    "lake.agent": "what browsers and programs call themselves; searched",
    "lake.event": "goes by the browser that was theirs",
    "lake.eventfile": "which files there are: goes with the file that holds a browser of theirs",
    "lake.eventseen": "ids",
    "people.company": "an organisation; searched but for its name",
    "people.companydomain": "an organisation",
    "consent.wording": "texts that everybody is shown",
    "consent.suppression": "keyed hashes outlive the person; its address is emptied",
    "timeline.storyreader": "how colleagues read",
    "capture.form": "of the installation",
    "capture.landingpage": "of the installation",
    "capture.intake": "counts",
    "segments.segment": "what a definition says; searched",
    "segments.condition": "what a condition says, and a set: searched, and the number taken out",
    "segments.turn": "a set: the number is taken out",
    "segments.use": "what definitions are made of",
    "segments.membership": "a set: the number is taken out",
    "segments.memberstep": "sets: the number is taken out",
    "segments.touched": "ids of change sets",
    "segments.heard": "a moment",
    "delivery.mailsettings": "of the installation",
    "campaigns.campaign": "searched",
    "campaigns.campaigncost": "searched",
    "handoff.motion": "of the installation",
    "handoff.qualificationpolicy": "of the installation",
    "notifications.preferences": "how colleagues want to hear of things",
    "notifications.mailing": "when colleagues were last sent a mail",
    "deals.pipeline": "of the installation",
    "deals.stage": "of the installation",
    "deals.deal": "of a company; searched, its name, too",
    "deals.dealstageinterval": "of a deal",
    "deals.dealvalue": "of a deal",
    "revenue.orderline": "goods; searched",
    "revenue.reversallink": "goods",
}


def ours() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("tandem.")]


def unaccounted(found: Iterable[type[models.Model]]) -> list[str]:
    """Tables that neither point to a person nor are listed with a reason."""
    reached = set(reached_from(Person))
    return [
        model._meta.label_lower
        for model in found
        if model not in reached
        and model._meta.label_lower not in NOT_OF_PERSONS
        and model._meta.app_label != OF_COLLEAGUES
    ]


def unspoken(
    model: type[models.Model], pointing: Iterable[str], table: ErasedTable | None
) -> list[str]:
    """Texts of rows that stay of which nobody said that they are emptied or say nothing."""
    told = {*table.clears, *table.keeps} if table else set()
    return [
        field.name
        for field in model._meta.local_fields
        if isinstance(field, TEXTS) and field.name not in {*told, *pointing}
    ]


def test_every_table_is_reached_or_listed():
    assert unaccounted(ours()) == []


def test_nothing_is_listed_that_is_reached_or_gone():
    reached = {model._meta.label_lower for model in reached_from(Person)}
    known = {model._meta.label_lower for model in ours()}
    assert set(NOT_OF_PERSONS) & reached == set()
    assert set(NOT_OF_PERSONS) - known == set()


def test_rows_that_stay_say_of_every_text_what_becomes_of_it_and_why_they_stay():
    for model, hows in reached_from(Person).items():
        table = ERASED_TABLES.get(model._meta.label_lower)
        if hows & STAYS and model is not Person:
            assert unspoken(model, [], table) == [], model._meta.label
            assert table is not None, model._meta.label
            assert str(table.because), model._meta.label


def test_every_table_has_a_name_for_people():
    for model in reached_from(Person):
        label = model._meta.label_lower
        assert ERASED_TABLES.get(label) or MERGED_TABLES.get(label), label


def test_exactly_these_rows_stay():
    stay = {
        model._meta.label_lower
        for model, hows in reached_from(Person).items()
        if hows & STAYS and model is not Person
    }
    assert stay == {
        "consent.consentevent",
        "delivery.message",
        "records.erasure",
        "revenue.order",
    }


@pytest.mark.parametrize(
    ("table", "missing"),
    [
        (None, ["number", "currency"]),
        (ErasedTable("Orders", keeps=frozenset({"currency"})), ["number"]),
        (ErasedTable("Orders", clears={"number": ""}, keeps=frozenset({"currency"})), []),
    ],
)
def test_a_text_of_which_nothing_is_said_is_found(table, missing):

    found = type(
        f"Planted{len(missing)}{bool(table)}",
        (models.Model,),
        {
            "__module__": __name__,
            "Meta": type("Meta", (), {"app_label": "revenue", "abstract": True}),
            "number": models.CharField(max_length=9),
            "currency": models.CharField(max_length=3),
        },
    )
    assert unspoken(found, [], table) == missing
