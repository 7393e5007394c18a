"""Import of order lines from a file: lines a second, and the processor time of each line.

A file is made with the shape of a shop's: 21 lines an order, 4,000 customers, a fifth of the lines
without one, 2 % reversals. The same file again shows what it costs to find that nothing is new.
"""

import csv
import os
import random
import resource
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from bench._scene import scratch_database
from tandem.accounts.queries import command_actor
from tandem.kernel.permissions import declared
from tandem.kernel.tables import survey
from tandem.records.actions import import_now, note_upload
from tandem.records.models import ImportRun
from tandem.records.schemas import ImportOptions

SIZE = 100_000
PER_ORDER = 21


def write_file(path: Path, size: int) -> None:
    """A file of ``size`` lines, the same for the same size."""
    dice = random.Random(20111209)
    begin = datetime(2010, 12, 1, 8)  # noqa: DTZ001  (a shop's own clock)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID".split()
        )
        for at in range(size):
            order = at // PER_ORDER
            is_back = order % 50 == 49
            moment = begin + timedelta(minutes=order * 20)
            code = dice.randrange(4000)
            writer.writerow(
                (
                    f"{'C' if is_back else ''}{536365 + order}",
                    f"{20000 + code}",
                    f"GIFT NUMBER {code}",
                    -1 if is_back else dice.randrange(1, 24),
                    moment.isoformat(sep=" "),
                    f"{1 + code % 17}.{code % 100:02d}",
                    "" if order % 5 == 0 else 12000 + order % 4000,
                )
            )


def run(size: int) -> dict[str, float]:
    with scratch_database(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        write_file(path, size)
        first, cpu = _timed(path)
        again, _cpu = _timed(path)
        return {
            "lines_per_s": size / first,
            "app_cpu_us_per_line": cpu / size * 1e6,
            "import_s": first,
            "same_file_again_s": again,
            "file_mb": os.path.getsize(path) / 1e6,
        }


def _timed(path: Path) -> tuple[float, float]:
    """Seconds on the clock, and of this process' processor; PostgreSQL's are its own."""
    actor = command_actor(declared())
    options = ImportOptions(currency="GBP", time_zone="Europe/London")
    began, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    noted = note_upload(actor, kind="orders", name=path.name, of=survey(path), options=options)
    done: ImportRun = import_now(actor, noted, path=path)
    if done.report["failed"]:
        raise RuntimeError(done.report["failures"][0])
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    return time.perf_counter() - began, cpu
