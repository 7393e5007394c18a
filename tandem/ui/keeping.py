"""`{% keep … %}`: a part of a page that is drawn once for all readers to whom it says the same."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

MOST = 256  # drawings of one part, about 10 kB each; beyond it they are drawn anew
_HERE = "\0token\0"


class KeepNode(template.Node):
    """Draws its content once for each set of values that it was given, and for each language.

    Everything that the content shows must follow from these values: nothing else is looked at.
    Only the token of its forms is put in afresh. Kept as long as the template is, so not at all
    where templates are read anew for each page.
    """

    def __init__(self, values: Sequence[FilterExpression], nodelist: NodeList) -> None:
        self.values = values
        self.nodelist = nodelist
        self.kept: dict[Any, str] = {}

    def render(self, context: template.Context) -> SafeString:
        # A word stands for the catalogue in force: the same language may be read in anew.
        key = (get_language(), gettext("Undo"), *(one.resolve(context) for one in self.values))
        token = str(context.get("csrf_token") or _HERE)
        drawn = self.kept.get(key)
        if drawn is None:
            drawn = self.nodelist.render(context).replace(token, _HERE)
            if len(self.kept) >= MOST:
                self.kept.clear()
            self.kept[key] = drawn
        return SafeString(drawn.replace(_HERE, token))


def keep(parser: Parser, token: Token) -> KeepNode:
    """`{% keep shell.theme user.name %}…{% endkeep %}`: drawn once for these values."""
    _tag, *values = token.split_contents()
    nodelist = parser.parse(("endkeep",))
    parser.delete_first_token()
    return KeepNode([parser.compile_filter(one) for one in values], nodelist)
