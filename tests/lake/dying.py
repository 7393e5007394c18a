"""A process that does what it is told to the lake and dies of kill -9 at a step of it.

Reads lines ``DEED MODULE NAME before|after TIMES`` and answers each with the signal that ended the
child which did it: Django starts once, each child is forked from it. ``-`` for MODULE lets it live
until the deed is committed, and dies then.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django


def main() -> None:
    django.setup()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            do(*line.split())
            os.kill(os.getpid(), signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        told = os.WTERMSIG(status) if os.WIFSIGNALED(status) else f"exit {status}"
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


def do(deed: str, module: str, name: str, when: str, times: str) -> None:
    if module != "-":
        die_at(importlib.import_module(module), name, when, int(times))
    deeds()[deed]()


def die_at(module: Any, name: str, when: str, times: int) -> None:
    """Let a function of a module be the last that this process does, the ``times``-th time."""
    real, left = getattr(module, name), [times]

    def deadly(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if when == "before" and not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        found = real(*args, **kwargs)
        if when == "after" and not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(module, name, deadly)


def deeds() -> dict[str, Callable[[], Any]]:
    """What can be done, by name."""
    from django.db import transaction  # noqa: PLC0415  (after Django is set up)
    from django.utils import timezone  # noqa: PLC0415

    from tandem.kernel.actor import job_actor  # noqa: PLC0415
    from tandem.lake import actions, storage  # noqa: PLC0415

    actor = job_actor("dying", frozenset({"lake.maintain"}))

    def erase() -> None:
        with transaction.atomic():
            done = actions.erase_events([actions.Theirs("gone")], ["named"])
        for name in done.files:
            storage.remove(name)

    later = timezone.now() + timedelta(days=2)
    return {
        "flush": lambda: actions.flush(actor),
        "tidy": lambda: actions.tidy(actor),
        "sweep": lambda: actions.sweep(actor, now=later),
        "erase": erase,
    }


if __name__ == "__main__":
    main()
