"""Records are written in actions only."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.house.sources import Source, product

# Where writing is at home: actions, migrations, and the kernel that actions stand on.
WRITING_PARTS = frozenset({"actions", "migrations"})
WRITING_ROOMS = frozenset({"kernel"})

_ALWAYS = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "a")
    for name in "save bulk_create bulk_update get_or_create update_or_create".split()
)
_ON_ROWS = frozenset({"create", "update", "delete", "acreate", "aupdate", "adelete"})
_ROWS = frozenset(
    "objects _default_manager _base_manager filter exclude all order_by annotate live visible_to"
    " select_for_update select_related using distinct".split()
)
_NOT_ROWS = frozenset({"cache", "session", "response", "path", "file"})
# Django's tables have an underscore; x, {} and % stand for a name that is set in.
_TABLE = r"""(?:ONLY\s+)?(?:"?\w+_\w+"?|x\b|\{|%)"""
_SQL = re.compile(
    r"^\s*(?:WITH\b.*?\)\s*)?(?P<verb>INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE|MERGE\s+INTO|COPY)"
    rf"\s+(?:TABLE\s+)?{_TABLE}",
    re.IGNORECASE | re.DOTALL,
)


def writes(sources: Iterable[Source]) -> list[str]:
    """Each write of a record outside the places where writing is at home."""
    return [
        f"{source.at(node)} {what}"
        for source in sources
        if source.room not in WRITING_ROOMS and not _is_at_home(source)
        for node, what in _writes_of(source.tree)
    ]


def _is_at_home(source: Source) -> bool:
    # A room named by subject keeps the actions of a subject in its folder: project/demo/actions.py.
    return source.part in WRITING_PARTS or source.path.endswith("/actions.py")


def _writes_of(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    prose: set[ast.AST] = set(_prose(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if _is_write(node, node.func):
                yield node, f".{node.func.attr}()"
        elif node not in prose and (found := _SQL.match(_text(node))):
            yield node, found["verb"].upper()


def _is_write(call: ast.Call, to: ast.Attribute) -> bool:
    words = set(_words(to.value))
    if to.attr in _ALWAYS:
        # What saves into something that it is given is a picture or a file, no row.
        return not words & _NOT_ROWS and not (to.attr == "save" and call.args)
    if to.attr in _ON_ROWS and words & _ROWS:
        return True
    # A row's delete and a related manager's create take no value by position; an action does.
    bare = to.attr in _ON_ROWS - {"update", "aupdate"} and not call.args
    return bare and not words & _NOT_ROWS


def _prose(tree: ast.Module) -> Iterator[ast.expr]:
    """Strings that stand alone speak, they do not act; pieces of an f-string are read with it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield from node.values


def _text(node: ast.AST) -> str:
    """What a string says, with an x for each value set into it; empty of what is no string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "x" for part in node.values)
    return ""


def _words(node: ast.expr) -> Iterator[str]:
    """The names along a chain: ``Person.objects.filter(...)`` -> filter, objects, Person."""
    while True:
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            yield node.attr
            node = node.value
        elif isinstance(node, ast.Name):
            yield node.id
            return
        else:
            return


def test_records_are_written_in_actions_only():
    assert writes(product()) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("person.save()", ".save()"),
        ("form.save()", ".save()"),
        ("Person.objects.create(name=1)", ".create()"),
        ("Person.objects.filter(id=1).update(name=2)", ".update()"),
        ("self.visible_to(actor).delete()", ".delete()"),
        ("person.delete()", ".delete()"),
        ("person.emails.create(address='a')", ".create()"),
        ("await Person.objects.abulk_create(rows)", ".abulk_create()"),
        ("Person.objects.update_or_create(id=1)", ".update_or_create()"),
        ("cursor.execute('''\n  INSERT INTO people_person VALUES (1)''')", "INSERT INTO"),
        ("cursor.execute(f'UPDATE {table} SET x = 1')", "UPDATE"),
        ("cursor.execute('update people_person p set x = 1')", "UPDATE"),
        ("cursor.execute('WITH x AS (SELECT 1) DELETE FROM people_person')", "DELETE FROM"),
    ],
)
@pytest.mark.parametrize("path", ["people/queries.py", "people/views.py", "web/search.py"])
def test_a_write_elsewhere_is_found(path, text, what):
    indented = "async def f():\n    " + text
    found = writes([Source(path, indented)])
    assert found == [f"tandem/{path}:2 {what}"]
    assert writes([Source("people/actions.py", indented)]) == []


def test_what_only_looks_like_a_write_is_left_alone():
    text = """
'''INSERT INTO is what this module does not do.'''
settings.update(a=1)
digest.update(b"x")
cache.delete("key")
object_type.create(actor, data=data)
router.delete("/{id}")(delete_record)
request.session.save()
qrcode.make(url).save(buffer)
label = "Delete from list"
cursor.execute("SELECT updated_at FROM people_person")
"""
    assert writes([Source("people/views.py", text)]) == []
