"""The page of a person with a long story, signed in as an administrator: processor time of web and
database, wall, calls of functions, queries, bytes.

Calls do not depend on what else the machine does: they tell whether a page has become dearer.
"""

import cProfile
import pstats

from bench._big_scene import big_scene
from bench._pages import Visitor, limits, page_figures
from tandem.people.models import Person

SIZE = 2_000
LONG = 1_000  # every twentieth person has a long story


def run(size: int) -> dict[str, float]:
    """Open the page of one of ``size`` people again and again."""
    with big_scene(size) as user:
        person = Person.objects.get(pk=min(size, LONG))
        address = f"/people/{person.public_id}"
        visitor = Visitor(user)
        least = limits()
        figures = page_figures(visitor, address)
        return {
            **figures,
            "calls": calls_of(visitor, address),
            **least,
            "cpu_ratio_to_plain_page": figures["cpu_ms"] / least["plain_page_cpu_ms"],
        }


def calls_of(visitor: Visitor, address: str) -> float:
    """How many functions are called for one page."""
    profile = cProfile.Profile()
    profile.enable()
    visitor.get(address)
    profile.disable()
    return float(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
