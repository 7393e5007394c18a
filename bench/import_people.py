"""Import of people from a file: rows a second, and the processor time of each row.

A file of ten columns: id, name in two parts, address, number (of three in ten), title, company (one
in twenty rows new), country, when somebody agreed to mail (four in ten) and their tag. 2 % of the
addresses are bad, 3 % of the rows repeat one before. The same file again, and taking it back.
"""

import csv
import os
import random
import resource
import tempfile
import time
from pathlib import Path

from django.db import connections

from bench._scene import scratch_database
from tandem.accounts.queries import command_actor
from tandem.kernel.permissions import declared
from tandem.kernel.tables import survey
from tandem.records.actions import import_now, note_upload, revert_import
from tandem.records.models import ImportRun
from tandem.records.schemas import ImportOptions

SIZE = 100_000
GIVEN = "Ann Ben Cara Dov Eva Finn Gita Hugo Ida Jon Kaja Liam Mara Nils Olga Paul".split()
FAMILY = "Bell Ortiz Novak Smith Weber Rossi Dubois Larsen Costa Meyer Ito Khan O'Rourke".split()
TITLES = ("Head of Operations", "Buyer", "CEO", "Engineer", "")
COUNTRIES = ("DE", "United Kingdom", "France", "", "AT")


def write_file(path: Path, size: int) -> None:
    """A file of ``size`` rows, the same for the same size."""
    dice = random.Random(20261122)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            (
                "Record ID", "First Name", "Last Name", "Email", "Phone Number", "Job Title",
                "Company Name", "Country/Region", "Opt-in date", "Tags",
            )
        )  # fmt: skip
        for at in range(size):
            number = at if at % 33 else max(at - 7, 0)
            given, family = dice.choice(GIVEN), f"{dice.choice(FAMILY)}{number % 997}"
            plain = family.lower().replace("'", "")
            address = f"{given.lower()}.{plain}.{number}@firm{number % 5000}.example"
            if at % 10 == 0:
                address = f" {address.upper()} "
            writer.writerow(
                (
                    f"r{number}",
                    given,
                    family,
                    "broken at nowhere" if at % 50 == 7 else address,
                    f"+49 30 {20000000 + number}" if at % 10 < 3 else "",
                    dice.choice(TITLES),
                    f"Firm {number % (size // 20)}",
                    dice.choice(COUNTRIES),
                    f"2026-0{1 + at % 9}-11 10:{at % 60:02d}" if at % 10 < 4 else "",
                    "fair" if at % 4 == 0 else "",
                )
            )


def run(size: int) -> dict[str, float]:
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        write_file(path, size)
        done, first, cpu = _timed(path)
        _again, again, _cpu = _timed(path)
        began = time.perf_counter()
        revert_import(command_actor(declared()), done.public_id)
        taken_back = time.perf_counter() - began
        connections["progress"].close()
        return {
            "rows_per_s": size / first,
            "us_per_row": first / size * 1e6,
            "app_cpu_us_per_row": cpu / size * 1e6,
            "import_s": first,
            "same_file_again_s": again,
            "revert_s": taken_back,
            "load": os.getloadavg()[0],
        }


def _timed(path: Path) -> tuple[ImportRun, float, float]:
    """Seconds on the clock, and of this process' processor; PostgreSQL's are its own."""
    actor = command_actor(declared())
    options = ImportOptions(time_zone="Europe/Berlin", source="bench")
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    noted = note_upload(actor, kind="people", name=path.name, of=survey(path), options=options)
    done: ImportRun = import_now(actor, noted, path=path)
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return done, time.perf_counter() - began, cpu
