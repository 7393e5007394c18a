"""How the columns of a list stand: their widths, as addresses and views keep them. Pure."""

from collections.abc import Mapping, Sequence

from tandem.records.rules import Unreadable

# In CSS pixels: less cannot be taken hold of, more is a page and not a column.
MIN_WIDTH = 48
MAX_WIDTH = 960
MAX_COLUMNS = 40


def parse_widths(text: str) -> dict[str, int]:
    """``name:216,title:136``, each once; raises Unreadable with the place."""
    parts = text.split(",")
    if len(parts) > MAX_COLUMNS:
        raise Unreadable(f"more than {MAX_COLUMNS} columns")
    found = {}
    for at, part in enumerate(parts):
        key, _colon, width = part.partition(":")
        is_number = width.isascii() and width.isdigit() and len(width) <= len(str(MAX_WIDTH))
        if not key or not is_number or not MIN_WIDTH <= int(width) <= MAX_WIDTH:
            reason = f"a column and its width, {MIN_WIDTH} to {MAX_WIDTH}, are expected"
            raise Unreadable(reason, path=str(at))
        found[key] = int(width)
    return found


def widths_as_text(widths: Mapping[str, int]) -> str:
    """The same in one line; nothing for none."""
    return ",".join(f"{key}:{width}" for key, width in widths.items())


def moved_forward(keys: Sequence[str], key: str) -> list[str]:
    """The keys with one of them a place further to the front; as they are where it is not there."""
    found = list(keys)
    at = found.index(key) if key in found else 0
    if at > 0:
        found[at - 1 : at + 1] = [key, found[at - 1]]
    return found
