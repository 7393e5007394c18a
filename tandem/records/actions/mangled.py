"""What other programs have done to the texts of a file before it came here: found, and told.

One look at a column of thousands of rows finds out whether there is anything; only then each text
is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.records.slots import ImportField, Notice

PLACES = 5


@dataclass(frozen=True, slots=True)
class _Damage:
    """One kind: what of it can be seen fast in many texts, and surely in one."""

    code: str
    hint: str
    sure: re.Pattern[str]
    message: Promise


_DAMAGES = (
    _Damage(
        "shortened_numbers",
        "E+",
        re.compile(r"^\s*\d([.,]\d+)?E\+\d+\s*$"),
        gettext_lazy(
            "texts are numbers that a spreadsheet has shortened (1.23E+11): their digits are lost."
            " Make the column one of text there, and export it again."
        ),
    ),
    _Damage(
        "twice_encoded",
        "\u00c3",
        re.compile(
            "\u00c3[\u0080-\u00bf\u0192\u2020\u2021\u02c6\u0160\u2039\u0152\u017d\u2018-\u201d\u2022]"
        ),
        gettext_lazy(
            "texts were read in a wrong encoding before they were written here (JÃ¼rgen)."
            " Export the file again as UTF-8."
        ),
    ),
    _Damage(
        "lost_letters",
        "\ufffd",
        re.compile("\ufffd"),
        gettext_lazy(
            "texts hold a mark where a letter was lost before the file was written. Export it again"
            " as UTF-8."
        ),
    ),
)


@dataclass(slots=True)
class Mangling:
    """Looks at the texts of a file as they come, and keeps where they are damaged."""

    _lines: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def look(self, key: str, texts: Sequence[str], *, first: int) -> None:
        """See the texts of a field; ``first`` is the line of the first of them."""
        whole = "\x1f".join(texts)
        for damage in _DAMAGES:
            if damage.hint not in whole:
                continue
            lines = [line for line, text in enumerate(texts, first) if damage.sure.search(text)]
            if lines:
                at = damage.code, key
                self._counts[at] = self._counts.get(at, 0) + len(lines)
                known = self._lines.setdefault(at, [])
                known += lines[: PLACES - len(known)]

    def told(self, fields: Sequence[ImportField]) -> list[Notice]:
        """A notice for each kind of damage and field, with the first lines."""
        found = [(damage, one) for damage in _DAMAGES for one in fields]
        return [
            Notice(
                damage.code,
                count,
                f"{one.label}: {damage.message}",
                tuple(
                    _("row %(row)d") % {"row": line} for line in self._lines[damage.code, one.key]
                ),
            )
            for damage, one in found
            if (count := self._counts.get((damage.code, one.key)))
        ]
