"""The words of a language in one table.

Django keeps a table of each app and asks one after the other, then those of the languages behind
it: nine steps for every word of a page whose words stand in none of them.
"""

from gettext import GNUTranslations
from typing import Any

from django.utils.translation.trans_real import DjangoTranslation, TranslationCatalog

_COUNTS = range(1_000)


def unite(translation: DjangoTranslation) -> None:
    """Let a language find each word at once: the one that it would have found first.

    Left as it is where its tables do not agree which form goes with which number.
    """
    tables, rules = _tables_of(translation)
    forms = {tuple(map(rule, _COUNTS)) for rule in rules}
    if len(forms) == 1:
        found: Any = translation
        found._catalog = _Table(tables, rules[0])
        found._fallback = None


class _Table(dict[Any, str]):
    """What Django asks of its tables, in one."""

    def __init__(self, tables: list[dict[Any, str]], rule: Any) -> None:
        for table in reversed(tables):
            self.update(table)
        self._rule = rule

    def plural(self, msgid: str, num: int) -> str:
        return self[msgid, self._rule(num)]


def _tables_of(translation: GNUTranslations) -> tuple[list[dict[Any, str]], list[Any]]:
    """The tables of a language and of those behind it in the order in which they are asked, and
    which form of theirs goes with a number."""
    tables, rules = [], []
    link: Any = translation
    while link is not None:
        catalog: Any = link._catalog
        if isinstance(catalog, TranslationCatalog):
            of_apps: Any = catalog
            tables += of_apps._catalogs
            rules += of_apps._plurals
        else:
            tables.append(catalog)
            rules.append(link.plural)
        link = link._fallback
    return tables, rules
