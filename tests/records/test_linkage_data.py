"""How well doubles are found among the open linkage data: precision and recall by file."""

import csv
import os
from itertools import combinations
from pathlib import Path

import pytest

from tandem.kernel.actions import action
from tandem.people.models import Person, PersonPhone
from tandem.people.rules import sort_key
from tandem.records.actions import find_duplicates
from tandem.records.models import DuplicatePair
from tandem.records.slots import object_type

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TANDEM_OPEN_DATA", ROOT.parent / "shared" / "data")) / "linkage"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        not DATA.is_dir(), reason=f"the open data are not at {DATA}: set TANDEM_OPEN_DATA"
    ),
]


@action(permission="people.create")
def take(actor, rows, *, numbers):
    """Persons of a file by name, and by number where it is to stand for a phone."""
    people = Person.objects.bulk_create(
        Person(name=name, sort_key=sort_key(name), search_key="")
        for row in rows
        for name in [f"{row['given_name']} {row['surname']}".strip() or "-"]
    )
    if numbers:
        PersonPhone.objects.bulk_create(
            PersonPhone(person=person, number=row["soc_sec_id"], normalized=row["soc_sec_id"])
            for person, row in zip(people, rows, strict=True)
        )
    return {person.pk: row["rec_id"] for person, row in zip(people, rows, strict=True)}


@pytest.mark.parametrize(
    ("name", "true_pairs", "numbers", "precision", "recall"),
    [
        # Measured: 0.998 and 0.870 (F1 0.929), 0.868 and 0.830 (0.849), 0.963 and 0.805 (0.877).
        ("febrl_dataset1.csv", 500, True, 0.99, 0.85),
        ("febrl_dataset2.csv", 1934, True, 0.85, 0.8),
        ("febrl_dataset3.csv", 6538, True, 0.95, 0.78),
        ("febrl_dataset1.csv", 500, False, 0.9, 0.7),
    ],
)
def test_doubles_of_open_data_are_found(system, name, true_pairs, numbers, precision, recall):
    with (DATA / name).open() as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    ids = take(system, rows, numbers=numbers)
    of_one: dict[str, list[int]] = {}
    for pk, record in ids.items():
        of_one.setdefault(record.split("-")[1], []).append(pk)
    true = {pair for several in of_one.values() for pair in combinations(sorted(several), 2)}
    assert len(true) == true_pairs
    find_duplicates(system, object_type("person"))
    found = set(DuplicatePair.objects.values_list("one_id", "other_id"))
    hits = len(true & found)
    figures = {"precision": hits / len(found), "recall": hits / len(true)}
    assert figures["precision"] >= precision, figures
    assert figures["recall"] >= recall, figures
