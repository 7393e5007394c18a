"""Imports of the same people at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from tandem.kernel.tables import survey
from tandem.people.models import Company, Person, PersonEmail
from tandem.records.actions import import_now, note_upload
from tandem.records.schemas import ImportOptions

PEOPLE = 200
AT_ONCE = 8


@pytest.mark.django_db(transaction=True)
def test_eight_imports_of_the_same_people_make_them_once(system, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    path = tmp_path / "people.csv"
    rows = (f"P {at},p{at}@bell.example,Firm {at % 10}" for at in range(PEOPLE))
    path.write_text("\n".join(("Name,Email,Company", *rows)))
    found = survey(path)

    def load(_number):
        try:
            options = ImportOptions(time_zone="UTC")
            noted = note_upload(system, kind="people", name="p.csv", of=found, options=options)
            report = import_now(system, noted, path=path).report
            return report["created"], report["skipped"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = sorted(pool.map(load, range(AT_ONCE)))
    assert outcomes == [(0, PEOPLE)] * (AT_ONCE - 1) + [(PEOPLE, 0)]
    assert (Person.objects.count(), PersonEmail.objects.count()) == (PEOPLE, PEOPLE)
    assert Company.objects.count() == 10
