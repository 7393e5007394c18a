"""What other programs have done to the texts of a file before it came here: found, and told.

One look at each row finds out whether there is anything; only then each column is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg import sql

from tandem.records.slots import ImportField, Notice

PLACES = 5


@dataclass(frozen=True, slots=True)
class _Damage:
    """One kind: what of it can be seen fast in a whole row, and surely in a text."""

    code: str
    hint: str  # LIKE
    sure: str  # regular expression
    message: Promise


_DAMAGES = (
    _Damage(
        "shortened_numbers",
        "%E+%",
        r"^\s*\d([.,]\d+)?E\+\d+\s*$",
        gettext_lazy(
            "texts are numbers that a spreadsheet has shortened (1.23E+11): their digits are lost."
            " Make the column one of text there, and export it again."
        ),
    ),
    _Damage(
        "twice_encoded",
        "%\u00c3%",
        "\u00c3[\u0080-\u00bf\u0192\u2020\u2021\u02c6\u0160\u2039\u0152\u017d\u2018-\u201d\u2022]",
        gettext_lazy(
            "texts were read in a wrong encoding before they were written here (JÃ¼rgen)."
            " Export the file again as UTF-8."
        ),
    ),
    _Damage(
        "lost_letters",
        "%\ufffd%",
        "\ufffd",
        gettext_lazy(
            "texts hold a mark where a letter was lost before the file was written. Export it again"
            " as UTF-8."
        ),
    ),
)


def mangled(fields: Sequence[ImportField]) -> list[Notice]:
    """A notice for each kind of damage and column in the staged rows, with the first of them."""
    names = [one.key for one in fields]
    whole = sql.SQL("concat_ws(E'\\x1f', {})").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    counts = sql.SQL(", ").join(
        sql.SQL("count(*) FILTER (WHERE t LIKE {})").format(sql.Literal(one.hint))
        for one in _DAMAGES
    )
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT {} FROM (SELECT {} AS t FROM import_row) r").format(counts, whole)
        )
        hints = cursor.fetchone()
        for damage, hinted in zip(_DAMAGES, hints, strict=True):
            if not hinted:
                continue
            for one in fields:
                cursor.execute(
                    sql.SQL(
                        "SELECT count(*), (array_agg(line ORDER BY line))[1:{most}]"
                        " FROM import_row WHERE {column} ~ {sure}"
                    ).format(
                        most=sql.Literal(PLACES),
                        column=sql.Identifier(one.key),
                        sure=sql.Literal(damage.sure),
                    )
                )
                count, lines = cursor.fetchone()
                if count:
                    message = f"{one.label}: {damage.message}"
                    places = tuple(_("row %(row)d") % {"row": line} for line in lines)
                    found.append(Notice(damage.code, count, message, places))
    return found
