"""Records of JSON as rows: one to a line, or all in one list."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from django.utils.translation import gettext as _

from tandem.kernel.damage import FileDamaged, FileUnreadable, Findings

BLOCK = 1 << 20
MAX_RECORD = 16 << 20  # characters of one record of a list


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are each there once: of two values one would be lost."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_constant: str) -> Any:
    raise ValueError


# Numbers keep their digits; NaN and the like are no JSON.
_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_float=str, parse_constant=_refuse)


def line_records(text: IO[str]) -> Iterator[dict[str, Any]]:
    """Records of one line each; blank lines are passed over. Raises FileDamaged with the line."""
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        try:
            record = _DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            raise FileDamaged(
                _("Line %(line)d is no JSON. Nothing was imported.") % {"line": number}
            ) from error
        if not isinstance(record, dict):
            raise FileDamaged(_("Line %(line)d is no JSON object.") % {"line": number})
        yield record


def list_records(text: IO[str]) -> Iterator[dict[str, Any]]:
    """Records of one list, read as it comes. Raises FileDamaged with the number of the record."""
    decode = _DECODER.raw_decode
    held, number, is_all = text.read(BLOCK).lstrip().removeprefix("["), 1, False
    while True:
        held = held.lstrip()
        if held.startswith("]"):
            if held[1:].strip() or text.read().strip():
                raise FileDamaged(_("Something stands behind the list of records."))
            return
        try:
            record, end = decode(held)
            # A number may go on in the next block; only what is followed by a sign is whole.
            is_whole = end < len(held.rstrip()) or is_all
        except (ValueError, RecursionError) as error:
            is_whole = False
            if is_all or len(held) > MAX_RECORD:
                raise FileDamaged(
                    _("Record %(number)d of the list is no JSON. Nothing was imported.")
                    % {"number": number}
                ) from error
        if not is_whole:
            block = text.read(BLOCK)
            is_all = not block
            held += block
            continue
        if not isinstance(record, dict):
            raise FileDamaged(
                _("Record %(number)d of the list is no JSON object.") % {"number": number}
            )
        yield record
        held, number = held[end:].lstrip(), number + 1
        if held[:1] == ",":
            held = held[1:]
        elif held[:1] != "]":
            raise FileDamaged(
                _("The list of records ends without its bracket after record %(number)d.")
                % {"number": number - 1}
            )


RECORDS: dict[str, Callable[[IO[str]], Iterator[dict[str, Any]]]] = {
    "jsonl": line_records,
    "json": list_records,
}


def names_of(records: Iterator[dict[str, Any]]) -> list[str]:
    """What the fields of records are called, in the order in which they come."""
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(record))
    return list(names)


def cells(
    records: Iterator[dict[str, Any]], header: Sequence[str], findings: Findings
) -> Iterator[list[str]]:
    """Rows of texts under a header. Raises FileUnreadable where a text is beyond all bounds."""
    known = frozenset(header)
    for record in records:
        findings.rows += 1
        if not record.keys() <= known:
            for name in record.keys() - known:
                place = _("row %(row)d: %(name)s") % {"row": findings.rows, "name": name[:40]}
                findings.note("late_fields", place)
        yield [
            "" if (value := record.get(name)) is None else _cell(value, findings) for name in header
        ]


def _cell(value: Any, findings: Findings) -> str:
    if isinstance(value, str):
        text = value
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = "; ".join(value)
    else:
        try:
            text = json.dumps(value, ensure_ascii=False)
        except RecursionError as error:
            raise FileUnreadable() from error
    if "\0" in text or not text.isascii():
        kept = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        if kept != text:
            findings.note("mended_text", _("row %(row)d") % {"row": findings.rows})
        return kept
    return text
