"""Search as people type it, in the palette and in the people list: by words and beginnings, and
with a slip, when fewer than five are found.

As an administrator and (``seller_``) as one who sees their own people and nobody's. Texts are typed
sign by sign in life: here they are asked for as they stand after some signs.
"""

from collections.abc import Sequence
from functools import partial

from django.db import connection

from bench import _scene as scene
from bench._big_scene import SELLER, big_scene
from bench._pages import Visitor, cost_of, limits, noting, p95
from tandem.accounts.models import User
from tandem.kernel.actor import Actor
from tandem.people.queries.search import near
from tandem.records.slots import object_type

SIZE = 100_000
REPEATS = 8
SHOWN = 6
WORDS = (
    "a",
    "ann",
    "zoe lin",
    "adam achaltwistle",
    "birdenhal",
    "mcalkinell",
    "yara ros",
    "firm77",
    "hana.kowalczyk",
    "gifts 70",
    "lindcaterberg petra",
    "oskar m",
)
COMMON = ("yara", "zoe", "lin")  # as many have them as any word; two stand last among the names
SLIPS = (
    "achaltwislte",
    "adam achaltwitsle",
    "lindehnaligon",
    "vosdenqvits",
    "ashelmann",
    "kwoalczyk",
    "whitberteberg",
)


def run(size: int) -> dict[str, float]:
    """Ask for each text again and again among ``size`` people and a fifth as many companies."""
    with big_scene(size) as user:
        figures = {
            **_of(scene.actor_of(user)),
            **{
                f"seller_{name}": value
                for name, value in _of(scene.actor_of(User.objects.get(email=SELLER))).items()
            },
        }
        visitor = Visitor(user)
        for page in ("/palette?q=lin", "/people?q=lin"):
            visitor.get(page)  # the first one brings templates and routes in
        asks = [partial(visitor.get, f"/palette?q={text.replace(' ', '+')}") for text in WORDS]
        app, server, walls = cost_of(asks * 3)
        palette = {"palette_cpu_ms": app + server, "palette_p95_ms": p95(walls)}
        listed = _listed(visitor)
        seller = _listed(Visitor(User.objects.get(email=SELLER)))
        of_seller = {f"seller_{name}": value for name, value in seller.items()}
        return {**figures, **palette, **listed, **of_seller, **limits()}


def _listed(visitor: Visitor) -> dict[str, float]:
    """What a list costs that is searched for words."""
    texts = (*WORDS, *COMMON)
    asks = [partial(visitor.get, f"/people?q={text.replace(' ', '+')}") for text in texts]
    for ask in asks:
        ask()
    app, server, walls = cost_of(asks * 3)
    return {"list_cpu_ms": app + server, "list_p95_ms": p95(walls), "list_most_ms": max(walls)}


def _of(actor: Actor) -> dict[str, float]:
    exact = _asked(actor, WORDS)
    slips = _asked(actor, SLIPS)
    kind = object_type("person")
    found = [len(near(kind.visible_to(actor), text)) for text in SLIPS]
    return {
        **{f"words_{name}": value for name, value in exact.items()},
        **{f"slips_{name}": value for name, value in slips.items()},
        "slips_found": sum(count > 0 for count in found) / len(SLIPS),
    }


def _asked(actor: Actor, texts: Sequence[str]) -> dict[str, float]:
    """What one search of people costs, those that are found ready to be shown."""
    kind = object_type("person")
    queries: list[str] = []
    with connection.execute_wrapper(noting(queries)):
        for text in texts:
            kind.first_for(actor, text, SHOWN)
    asks = [partial(kind.first_for, actor, text, SHOWN) for text in texts]
    app, server, walls = cost_of(asks * REPEATS)
    return {
        "cpu_ms": app,
        "postgres_cpu_ms": server,
        "p95_ms": p95(walls),
        "queries": len(queries) / len(texts),
    }
