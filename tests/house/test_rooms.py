"""What a room may hold: the closed list of its files, and only its own doors in its URLs."""

from collections.abc import Iterable

import pytest

from tests.house.sources import NAMED_BY_SUBJECT, Source, imports, product

PARTS = frozenset(
    "rules schemas models queries actions facts slots reactions errors"
    " views api jobs edge middleware urls apps admin migrations __init__".split()
)
# Engine rooms name parts by their subject, too (docs/adr/0001): the wire, Django's mail backend;
# the folder of the lake, the engine that reads it.
ENGINE_PARTS = {
    "delivery": frozenset({"transports", "backend"}),
    "lake": frozenset({"engine", "storage"}),
}
# Names that say nothing, at any depth of the product.
EMPTY_NAMES = frozenset("utils util helpers helper common services managers misc tools".split())
DOORS = frozenset({"views", "api", "jobs", "edge"})


def strange_files(sources: Iterable[Source]) -> list[str]:
    """Files outside the anatomy of a room, and files whose name says nothing."""
    return [
        f"tandem/{source.path}"
        for source in sources
        if (
            source.room
            and source.room not in NAMED_BY_SUBJECT
            and source.part not in PARTS | ENGINE_PARTS.get(source.room, frozenset())
        )
        or EMPTY_NAMES & set(source.path.removesuffix(".py").split("/"))
    ]


def _is_strange(source: Source) -> bool:
    if not source.room or source.room in NAMED_BY_SUBJECT:
        return False
    return source.part not in PARTS | ENGINE_PARTS.get(source.room, frozenset())


def strange_doors(sources: Iterable[Source]) -> list[str]:
    """URL tables that open the door of another room; only the project assembles."""
    return [
        f"{source.at(node)} imports {name}"
        for source in sources
        if source.part == "urls" and source.room not in {"project", "web", "api"}
        for name, node in imports(source)
        if (words := name.split("."))[0] == "tandem"
        and len(words) > 2
        and words[1] != source.room
        and words[2] in {*DOORS, "urls"}
    ]


def test_rooms_hold_only_what_a_room_holds():
    assert strange_files(product()) == []


@pytest.mark.parametrize(
    "path", ["people/services.py", "people/merging.py", "people/merging/x.py", "ui/helpers.py"]
)
def test_a_strange_file_is_found(path):
    assert strange_files([Source(path, "")]) == [f"tandem/{path}"]


def test_the_parts_of_an_engine_are_its_own():
    assert strange_files([Source("delivery/transports/smtp.py", "")]) == []
    assert strange_files([Source("people/transports/smtp.py", "")]) != []


def test_the_usual_files_are_not_strange():
    usual = ["people/models/person.py", "people/migrations/0001_x.py", "ui/shell.py", "x.py"]
    assert strange_files([Source(path, "") for path in usual]) == []


def test_url_tables_open_their_own_doors():
    assert strange_doors(product()) == []


def test_a_url_table_that_opens_the_door_of_another_room_is_found():
    planted = Source(
        "deals/urls.py", "from tandem.deals import views\nfrom tandem.people import api\n"
    )
    assert strange_doors([planted]) == ["tandem/deals/urls.py:2 imports tandem.people.api"]
