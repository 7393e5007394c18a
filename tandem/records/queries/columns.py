"""What the columns of a file may fill, what each of them probably holds, and what was said before.

Own fields of the company are targets like the kind's; a column is known by its name, else by what
stands in it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from tandem.accounts.queries import company_settings
from tandem.kernel.readings import Reading, read_moments, read_numbers
from tandem.records import rules
from tandem.records.errors import ValueUnfit
from tandem.records.models import ImportRun, ImportState
from tandem.records.queries.custom import custom_fields, user_index
from tandem.records.rules import FieldType
from tandem.records.rules.custom import Definition, read_custom
from tandem.records.schemas import FieldKind, ImportOptions
from tandem.records.slots import OBJECT_TYPES, Importer, ImportField, Text

FIT = 0.8  # of the texts of a column that must look like a field
OWN_FAULTS: dict[str, Text] = {
    "number_invalid": _("is no number"),
    "number_too_long": _("has too many digits"),
    "amount_too_fine": _("is finer than the currency"),
    "date_invalid": _("is no day"),
    "choice_unknown": _("is none of the choices"),
    "user_unknown": _("is no colleague here"),
    "link_invalid": _("does not start with https://"),
    "boolean_invalid": _("is neither a yes nor a no"),
    "text_invalid": _("holds line breaks or characters that cannot be seen"),
    "text_too_long": _("is too long"),
}
_WEB = re.compile(r"https?://\S+\.\S+", re.IGNORECASE)
_FLAGS = frozenset("true false yes no y n ja nein oui non".split())


def with_own_fields(importer: Importer, options: ImportOptions) -> Importer:
    """The importer with the fields that the company added as further targets."""
    found = OBJECT_TYPES.get(importer.record_kind)
    if found is None or not found.is_customisable:
        return importer
    own = tuple(
        ImportField(
            one.key,
            one.label,
            read=_reader(replace(one, is_required=False), options),
            synonyms=(one.label,),
            by_column=True,
            is_lenient=True,
        )
        for one in custom_fields(found.kind)
    )
    return replace(
        importer, fields=(*importer.fields, *own), faults={**OWN_FAULTS, **importer.faults}
    )


def signature_of(header: Sequence[str]) -> str:
    """What files of the same columns have in common, whatever their order."""
    return hashlib.sha256("\x1f".join(sorted(header)).encode()).hexdigest()


def remembered(
    importer: Importer, header: Sequence[str], *, user_id: int | None
) -> ImportRun | None:
    """The last import of a file with these columns: the user's own, else anybody's; None."""
    runs = ImportRun.objects.filter(
        kind=importer.kind, signature=signature_of(header), state=ImportState.DONE
    ).order_by("-id")
    return runs.filter(user_id=user_id or 0).first() or runs.first()


def guessed_columns(
    fields: Sequence[ImportField], header: Sequence[str], sample: Sequence[Sequence[str]]
) -> dict[str, str]:
    """The column for each field: by its name, else by what stands in the first rows.

    A column that only begins as a field is called and holds nothing, or nothing of its kind, is
    not taken: "Email verified" is no address.
    """
    texts = {name: _texts(sample, at) for at, name in enumerate(header)}
    known = {one.key: one for one in fields}
    names = [(one.key, one.synonyms) for one in fields]
    by_name = {
        key: column
        for key, column in rules.guess_mapping(names, header).items()
        if not _is_strange(known[key], column, texts[column], are_known=bool(sample))
    }
    left = [name for name in header if name not in by_name.values()]
    for field in fields:
        if field.key in by_name or not field.looks:
            continue
        fits = [name for name in left if _share(field.looks, texts[name]) >= FIT]
        if fits:
            by_name[field.key] = fits[0]
            left.remove(fits[0])
    return by_name


def type_of(texts: Sequence[str]) -> FieldKind:
    """What type of own field would hold a column: link, boolean, number, date, else text."""
    kept = [text for text in texts if text.strip()]
    if not kept:
        return "text"
    if all(_WEB.fullmatch(text.strip()) for text in kept):
        return "link"
    if all(text.strip().casefold() in _FLAGS for text in kept):
        return "boolean"
    if not any(text.strip().startswith("0") and len(text.strip()) > 1 for text in kept) and not (
        read_numbers(dict.fromkeys(kept)).faults
    ):
        return "number"
    return "text" if read_moments(dict.fromkeys(kept), zone=ZoneInfo("UTC")).faults else "date"


def _texts(sample: Sequence[Sequence[str]], at: int) -> list[str]:
    return [text for row in sample if (text := row[at].strip())]


def _share(looks: str, texts: Sequence[str]) -> float:
    distinct = set(texts)
    fits = sum(1 for text in distinct if re.fullmatch(looks, text))
    return fits / len(distinct) if distinct else 0.0


def _is_strange(field: ImportField, column: str, texts: Sequence[str], *, are_known: bool) -> bool:
    names = {rules.plain_name(name) for name in (field.key, *field.synonyms)}
    if rules.plain_name(column) in names:
        return False
    if rules.plain_name(column) in field.never:
        return True
    if not texts:
        return are_known
    if field.looks:
        return _share(field.looks, texts) == 0.0
    return field.read is not None and len(field.read(texts).faults) == len(set(texts))


# --- own fields read from texts -------------------------------------------------------------------


def _reader(definition: Definition, options: ImportOptions) -> Callable[[Iterable[str]], Reading]:
    """Read the texts of a column as an own field, to JSON; days and numbers column-wise."""

    def read(texts: Iterable[str]) -> Reading:
        kept = [text for text in texts if text.strip()]
        found = _plain(definition, kept, options)
        users = user_index() if definition.type is FieldType.USER else {}
        values: dict[str, str | None] = {}
        faults = dict(found.faults)
        for text, value in found.values.items():
            try:
                stored = read_custom(definition, value, users=users, is_text=True)
                values[text] = None if stored is None else json.dumps(stored)
            except ValueUnfit as refused:
                faults[text] = refused.errors[0].code if refused.errors else refused.code
        return Reading(values, faults, style=found.style, is_certain=found.is_certain)

    return read


def _plain(definition: Definition, texts: Sequence[str], options: ImportOptions) -> Reading:
    match definition.type:
        case FieldType.NUMBER | FieldType.MONEY:
            return read_numbers(texts)
        case FieldType.DATE:
            zone = ZoneInfo(options.time_zone or company_settings().time_zone)
            found = read_moments(texts, zone=zone, order=options.date_order)
            days: Mapping[str, Any] = {
                text: moment.astimezone(zone).date() for text, moment in found.values.items()
            }
            return replace(found, values=days)
        case _:
            return Reading({text: text for text in texts}, {})
