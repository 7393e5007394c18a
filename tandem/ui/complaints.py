"""Pydantic's complaints as sentences in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tandem.ui import formats

Context = Mapping[str, Any]

WHOLE_NUMBER = gettext_lazy("Write a whole number.")
NUMBER = gettext_lazy("Write a number.")
DATE = gettext_lazy("Write a date, such as 2026-11-19.")
MOMENT = gettext_lazy("Write a date and a time.")
PICK = gettext_lazy("Pick one of the choices.")
ADDRESS = gettext_lazy("Write an address that starts with https://.")
NEEDED = gettext_lazy("This is needed.")

_FIXED: dict[str, Promise] = {
    "missing": NEEDED,
    "int_parsing": WHOLE_NUMBER,
    "int_type": WHOLE_NUMBER,
    "int_from_float": WHOLE_NUMBER,
    "decimal_parsing": NUMBER,
    "decimal_type": NUMBER,
    "float_parsing": NUMBER,
    "float_type": NUMBER,
    "finite_number": NUMBER,
    "date_parsing": DATE,
    "date_type": DATE,
    "date_from_datetime_parsing": DATE,
    "date_from_datetime_inexact": DATE,
    "datetime_parsing": MOMENT,
    "datetime_type": MOMENT,
    "datetime_from_date_parsing": MOMENT,
    "time_parsing": MOMENT,
    "enum": PICK,
    "literal_error": PICK,
    "url_parsing": ADDRESS,
    "url_scheme": ADDRESS,
    "url_type": ADDRESS,
    "uuid_parsing": gettext_lazy("This id is not whole."),
    "string_pattern_mismatch": gettext_lazy("This has the wrong form."),
    "string_type": gettext_lazy("Write some text."),
    "extra_forbidden": gettext_lazy("This is not known here."),
}


def _too_short(context: Context) -> str:
    least = int(context["min_length"])
    if least == 1:
        return str(NEEDED)
    said = ngettext("At least %(n)d character.", "At least %(n)d characters.", least)
    return said % {"n": least}


def _too_long(context: Context) -> str:
    most = int(context["max_length"])
    said = ngettext("At most %(n)d character.", "At most %(n)d characters.", most)
    return said % {"n": most}


_FILLED: dict[str, Callable[[Context], str]] = {
    "string_too_short": _too_short,
    "too_short": _too_short,
    "string_too_long": _too_long,
    "too_long": _too_long,
    "decimal_max_places": lambda context: (
        _("At most %(n)d digits behind the point.") % {"n": context["decimal_places"]}
    ),
    "greater_than": lambda context: (
        _("More than %(limit)s.") % {"limit": formats.number(context["gt"])}
    ),
    "greater_than_equal": lambda context: (
        _("At least %(limit)s.") % {"limit": formats.number(context["ge"])}
    ),
    "less_than": lambda context: (
        _("Less than %(limit)s.") % {"limit": formats.number(context["lt"])}
    ),
    "less_than_equal": lambda context: (
        _("At most %(limit)s.") % {"limit": formats.number(context["le"])}
    ),
    # A validator of ours raised ValueError with a sentence of its own.
    "value_error": lambda context: str(context["error"]),
}


def sentence(kind: str, context: Context, fallback: str) -> str:
    """What to say to a complaint of this `kind`; `fallback` is Pydantic's own English."""
    if kind in _FIXED:
        return str(_FIXED[kind])
    fill = _FILLED.get(kind)
    if fill is None:
        return fallback
    try:
        return fill(context)
    except KeyError:
        return fallback
