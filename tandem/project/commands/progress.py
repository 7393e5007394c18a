"""A long job on the command line: the same figures that its page and the API show."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tandem.kernel.models import ProgressRecord

WIDTH = 30


@contextmanager
def bar() -> Iterator[Callable[[ProgressRecord], None]]:
    """Draws a bar on a terminal, once per write of the job's progress; silent elsewhere."""
    is_terminal = sys.stderr.isatty()

    def draw(record: ProgressRecord) -> None:
        if not is_terminal:
            return
        share = min(record.done / record.total, 1.0) if record.total else 0.0
        filled = round(share * WIDTH)
        line = f"{'#' * filled}{'.' * (WIDTH - filled)} {share:4.0%} {record.done:,} {record.unit}"
        sys.stderr.write(f"\r{record.label}: {line}")
        sys.stderr.flush()

    try:
        yield draw
    finally:
        if is_terminal:
            sys.stderr.write("\n")
