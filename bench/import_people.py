"""Import of people from a file: rows a second and the processor time of each, at two sizes.

A file of ten columns: id, name in two parts, address, number (of three in ten), title, company (one
in twenty rows new), country, when somebody agreed to mail (four in ten) and their tag. 2 % of the
addresses are bad, 3 % of the rows repeat one before. The same file again, and taking it back.

Beside it what the database alone needs on this machine at this hour for the least of it
(``limit_``): the same rows by COPY into a table aside, from there each address once into one table
with a unique and a trigram index.
"""

import csv
import os
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import connection, connections, transaction

from bench._scene import scratch_database
from tandem.accounts.queries import command_actor
from tandem.kernel.permissions import declared
from tandem.kernel.tables import survey
from tandem.records.actions import import_now, note_upload, revert_import
from tandem.records.models import ImportRun
from tandem.records.schemas import ImportOptions

SIZE = 100_000
Answer = TypeVar("Answer")
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
    """Import a tenth of ``size``, then ``size``, each into an empty database; what a row costs."""
    small, large = _measured(size // 10), _measured(size)
    return {
        **large,
        "share_of_limit": large["rows_per_s"] / large["limit_rows_per_s"],
        **{f"tenth_{name}": small[name] for name in ("rows_per_s", "cpu_us_per_row")},
        "cpu_ratio_to_tenth": large["cpu_us_per_row"] / small["cpu_us_per_row"],
        "load": os.getloadavg()[0],
    }


def _measured(size: int) -> dict[str, float]:
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.csv"
        write_file(path, size)
        actor = command_actor(declared())
        least = _timed(partial(_copied, path))[1]
        done, first = _timed(partial(_import, path))
        _again, again = _timed(partial(_import, path))
        _counts, back = _timed(partial(revert_import, actor, done.public_id))
        connections["progress"].close()
    return {
        "rows_per_s": size / first.seconds,
        "app_cpu_us_per_row": first.app / size * 1e6,
        "postgres_cpu_us_per_row": first.postgres / size * 1e6,
        "cpu_us_per_row": (first.app + first.postgres) / size * 1e6,
        "import_s": first.seconds,
        "same_file_again_s": again.seconds,
        "same_file_again_cpu_us_per_row": (again.app + again.postgres) / size * 1e6,
        "revert_s": back.seconds,
        "revert_cpu_us_per_row": (back.app + back.postgres) / size * 1e6,
        "limit_rows_per_s": size / least.seconds,
        "limit_postgres_cpu_us_per_row": least.postgres / size * 1e6,
    }


def _copied(path: Path) -> None:
    """The rows of a file in the least that a table of contacts is, as fast as COPY and one insert
    can do it."""
    with connection.cursor() as cursor, transaction.atomic():
        for statement in _LEAST:
            cursor.execute(statement)
        whole = "COPY bench_raw FROM STDIN (FORMAT csv, HEADER)"
        with path.open("rb") as file, cursor.copy(whole) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        cursor.execute(
            "INSERT INTO bench_contact (name, address, company)"
            " SELECT DISTINCT ON (lower(btrim(address))) given || ' ' || family,"
            " lower(btrim(address)), company FROM bench_raw ORDER BY lower(btrim(address))"
        )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_raw, bench_contact")


_LEAST = (
    "CREATE UNLOGGED TABLE bench_raw (id text, given text, family text, address text, phone text,"
    " title text, company text, country text, agreed text, tags text)",
    "CREATE TABLE bench_contact (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,"
    " address text UNIQUE, company text)",
    "CREATE INDEX ON bench_contact USING gin (lower(name || ' ' || address) gin_trgm_ops)",
)


def _import(path: Path) -> ImportRun:
    actor = command_actor(declared())
    options = ImportOptions(time_zone="Europe/Berlin", source="bench")
    noted = note_upload(actor, kind="people", name=path.name, of=survey(path), options=options)
    done: ImportRun = import_now(actor, noted, path=path)
    return done


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on the clock, and of the processor: of this process, of its server process."""

    seconds: float
    app: float
    postgres: float


def _timed(step: Callable[[], Answer]) -> tuple[Answer, Cost]:
    connection.ensure_connection()
    server = connection.connection.info.backend_pid
    began, app, postgres = time.perf_counter(), time.process_time(), _cpu_of(server)
    answer = step()
    return answer, Cost(
        time.perf_counter() - began, time.process_time() - app, _cpu_of(server) - postgres
    )


def _cpu_of(pid: int) -> float:
    """Seconds that a process of this machine has computed for, in user and system mode."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
