"""The words of a language in one table: each the one that Django finds in its many."""

from typing import Any

import pytest
from django.utils.translation.trans_real import DjangoTranslation

from tandem.ui.catalogues import unite

COUNTS = (0, 1, 2, 5, 21, 101)


def words_of(translation):
    """Every word that Django knows in a language or in those behind it; the first of its forms."""
    found, link = set(), translation
    while link is not None:
        found |= {key[0] if isinstance(key, tuple) else key for key, _said in link._catalog.items()}
        link = link._fallback
    return sorted(found)


@pytest.mark.parametrize("language", ["en-gb", "de", "pl", "fr", "xx"])
def test_a_united_language_says_what_it_said(language):
    plain, united = DjangoTranslation(language), DjangoTranslation(language)
    words = words_of(plain)
    unite(united)
    for word in [*words, "No such word"]:
        context, _sign, rest = word.rpartition("\x04")
        assert united.gettext(word) == plain.gettext(word)
        assert united.pgettext(context, rest) == plain.pgettext(context, rest)
        for count in COUNTS:
            asked = (word, f"{word}s", count)
            assert united.ngettext(*asked) == plain.ngettext(*asked)
            assert united.npgettext(context, rest, "more", count) == plain.npgettext(
                context, rest, "more", count
            )
    assert len(words) > 100 or language == "xx"


def test_the_language_of_the_product_has_one_table_and_nothing_behind_it():
    united: Any = DjangoTranslation("en-gb")
    unite(united)
    unite(united)  # as often as one likes
    assert isinstance(united._catalog, dict)
    assert united._fallback is None
