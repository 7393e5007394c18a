"""The product's own source as the rules of the house see it: rooms, parts, syntax trees."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "tandem"

# Rooms without records of their own: their files are named by subject (docs/adr/0001).
NAMED_BY_SUBJECT = frozenset({"kernel", "ui", "web", "api", "project"})
# From the cellar to the roof: the order of the contract `house` in pyproject.toml.
FLOORS = (
    *("kernel", "ui", "accounts", "records", "planning", "lake", "measures", "timeline"),
    *("people", "consent", "capture", "segments", "content", "delivery", "notifications"),
    *("activities", "campaigns", "journeys", "research", "handoff", "deals", "revenue"),
    *("customers", "insight", "integrations", "web", "api", "project"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """One module: ``people/models/person.py`` is the room people, the part models."""

    path: str
    text: str

    @property
    def room(self) -> str:
        return self.path.split("/")[0] if "/" in self.path else ""

    @property
    def part(self) -> str:
        words = self.path.removesuffix(".py").split("/")
        return words[1] if len(words) > 1 else ""

    @property
    def tree(self) -> ast.Module:
        return _parse(self.text)

    def at(self, node: ast.AST) -> str:
        return f"tandem/{self.path}:{getattr(node, 'lineno', 0)}"


@cache
def _parse(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def product() -> tuple[Source, ...]:
    """Every module of the product."""
    return tuple(read(PACKAGE))


def read(package: Path) -> Iterator[Source]:
    """Every module below a package's folder, by path."""
    for path in sorted(package.rglob("*.py")):
        yield Source(path.relative_to(package).as_posix(), path.read_text())


def imports(source: Source) -> Iterator[tuple[str, ast.stmt]]:
    """Each imported module by its full name, wherever in the file the import stands."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)
