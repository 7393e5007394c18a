"""Run the measured workloads: ``python -m bench [NAME] [--size N] [--json]``.

A workload is a module of this folder with a function ``run(size: int) -> dict[str, float]``:
figures by name, the unit at the end of the name (``first_page_ms``). ``SIZE`` is its usual size.
"""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, cast, runtime_checkable


@runtime_checkable
class Workload(Protocol):
    """What a module of this folder offers."""

    __doc__: str | None
    SIZE: int

    def run(self, size: int) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one run of one workload."""

    name: str
    size: int
    seconds: float
    figures: dict[str, float]


def names() -> list[str]:
    """The workloads of this folder: what sets their scene has no ``run``."""
    files = Path(__file__).parent.glob("[!_]*.py")
    return sorted(path.stem for path in files if "\ndef run(" in path.read_text())


def measure(name: str, *, size: int | None) -> Result:
    """Run one workload at a size, by default its usual one."""
    module = importlib.import_module(f"bench.{name}")
    if not isinstance(module, Workload):
        sys.exit(f"bench: bench/{name}.py offers no SIZE and run(size)")
    workload = cast(Workload, module)
    chosen = workload.SIZE if size is None else size
    began = time.perf_counter()
    figures = workload.run(chosen)
    return Result(name, chosen, round(time.perf_counter() - began, 2), figures)


def machine() -> dict[str, str | int | float]:
    """What the figures depend on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    """Measure what is asked for and print the figures."""
    parser = argparse.ArgumentParser(prog="bin/bench", description="the measured workloads")
    parser.add_argument("name", nargs="?", help=f"one of: {', '.join(names())}")
    parser.add_argument("--size", type=int, help="rows, requests or rounds, as the workload says")
    parser.add_argument("--json", action="store_true", help="one object on the last line")
    options = parser.parse_args()
    if options.name and options.name not in names():
        parser.error(f"no workload is named {options.name}; there are: {', '.join(names())}")
    results = [
        measure(name, size=options.size) for name in ([options.name] if options.name else names())
    ]
    if options.json:
        print(json.dumps({**machine(), "results": [asdict(result) for result in results]}))
        return
    print(" ".join(f"{key} {value}" for key, value in machine().items()))
    for result in results:
        print(f"{result.name} (size {result.size}, {result.seconds} s)")
        for figure, value in result.figures.items():
            print(f"  {figure:<40} {value:>14,.3f}")


if __name__ == "__main__":
    main()
