"""The people list as a page, at two sizes: processor time of web and database, wall, bytes.

Signed in as an administrator; ``seller_`` is one who sees their own people and nobody's.
"""

from bench._big_scene import SELLER, big_scene
from bench._pages import Visitor, limits, page_figures
from tandem.accounts.models import User

SIZE = 100_000
ADDRESS = "/people"


def run(size: int) -> dict[str, float]:
    """Open the first page of a tenth of ``size`` people and of ``size``, again and again."""
    with big_scene(size // 10) as user:
        tenth = page_figures(Visitor(user), ADDRESS)
    with big_scene(size) as user:
        least = limits()
        figures = page_figures(Visitor(user), ADDRESS)
        seller = page_figures(Visitor(User.objects.get(email=SELLER)), ADDRESS)
    both = ("cpu_ms", "postgres_cpu_ms")
    return {
        **figures,
        **{f"seller_{name}": seller[name] for name in both},
        **{f"tenth_{name}": tenth[name] for name in both},
        "cpu_ratio_to_tenth": sum(figures[n] for n in both) / sum(tenth[n] for n in both),
        **least,
        "cpu_ratio_to_plain_page": figures["cpu_ms"] / least["plain_page_cpu_ms"],
    }
