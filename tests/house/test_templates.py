"""Templates use only their own room's parts and the design system's, and nothing inline."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.house.sources import NAMED_BY_SUBJECT, PACKAGE

# Rooms whose pages are made of everybody's parts, which they get by a slot, not by a name.
SHARED = frozenset({"ui"})
# Folders whose templates replace those of a library, in the room that owns its subject.
REPLACED = {"accounts": frozenset({"account", "allauth", "mfa"})}
_USES = re.compile(r"""\{%-?\s*(?:extends|include)\s+(?P<quote>["'])(?P<name>[^"']+)(?P=quote)""")
_COMMENT = re.compile(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}", re.DOTALL)
_INLINE = {
    "inline script": re.compile(
        r"""<script(?![^>]*\s(?:src=|type=["']application/(?:ld\+)?json["']))[^>]*>""",
        re.IGNORECASE,
    ),
    "inline style sheet": re.compile(r"<style\b", re.IGNORECASE),
    "inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "script address": re.compile(r"javascript:", re.IGNORECASE),
}


def templates(package: Path) -> list[tuple[str, str]]:
    """Each template with its room: ``("people", "people/templates/people/list.html")``."""
    return [
        (path.relative_to(package).as_posix(), path.read_text())
        for path in sorted(package.glob("*/templates/**/*.html"))
    ]


def strange_parts(found: Iterable[tuple[str, str]]) -> list[str]:
    """Templates that stand outside their room's folder, or take a part of another room."""
    wrong = []
    for where, text in found:
        room, _, *below = where.split("/")
        own = {room, "cotton", *REPLACED.get(room, ())}
        if room not in NAMED_BY_SUBJECT and below[0] not in own:
            wrong.append(f"{where} stands in {below[0]}/")
        wrong += [
            f"{where} uses {match['name']}"
            for match in _USES.finditer(_COMMENT.sub("", text))
            if match["name"].split("#")[0] and match["name"].split("/")[0] not in own | SHARED
        ]
    return wrong


def inline_parts(found: Iterable[tuple[str, str]]) -> list[str]:
    """What the content security policy of the pages would refuse."""
    return [
        f"{where}: {what}: {match[0][:60]}"
        for where, text in found
        for what, pattern in _INLINE.items()
        for match in pattern.finditer(_COMMENT.sub("", text))
    ]


def test_templates_use_their_own_room_and_the_design_system():
    assert strange_parts(templates(PACKAGE)) == []


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ('{% include "people/row.html" %}', "people/row.html"),
        ("{% extends 'people/page.html' %}", "people/page.html"),
        ('{%- include "people/row.html" with a=b %}', "people/row.html"),
    ],
)
def test_a_part_of_another_room_is_found(text, used):
    where = "deals/templates/deals/board.html"
    assert strange_parts([(where, text)]) == [f"{where} uses {used}"]


def test_a_template_in_the_folder_of_another_room_is_found():
    where = "deals/templates/people/row.html"
    assert strange_parts([(where, "")]) == [f"{where} stands in people/"]


def test_own_parts_and_those_of_the_design_system_are_left_alone():
    text = (
        '{% extends "ui/page.html" %}{% include "deals/card.html" %}{% include "#part" %}'
        '{# {% include "people/row.html" %} #}{% include chosen %}'
    )
    assert strange_parts([("deals/templates/deals/board.html", text)]) == []


def test_pages_hold_nothing_inline():
    assert inline_parts(templates(PACKAGE)) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<script>alert(1)</script>", "inline script"),
        ('<script type="module">alert(1)</script>', "inline script"),
        ("<style>p {}</style>", "inline style sheet"),
        ('<p class="a" style="color: red">', "inline style"),
        ('<a\n  onclick="go()">', "inline handler"),
        ('<a href="javascript:go()">', "script address"),
    ],
)
def test_an_inline_part_is_found(text, what):
    assert [line.split(": ")[1] for line in inline_parts([("x.html", text)])] == [what]


def test_scripts_by_address_and_data_are_left_alone():
    text = (
        '<script type="module" src="{{ script }}"></script>'
        '<script id="data" type="application/json">{}</script><button data-on="x">On = off</button>'
    )
    assert inline_parts([("x.html", text)]) == []
