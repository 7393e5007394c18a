"""Dates, numbers and money as the reader writes them: by the active language and time zone."""

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
)
from babel.numbers import (
    format_compact_currency,
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)
from django.utils import timezone
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from tandem.kernel.money import Money

Number = int | float | Decimal


def locale() -> Locale:
    """Babel's locale for the active language; a region Babel does not know falls back."""
    return _locale(get_language() or "en")


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    name = to_locale(language)
    for candidate in (name, name.partition("_")[0]):
        try:
            return Locale.parse(candidate)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en")


def number(value: Number, *, places: int | None = None) -> str:
    """A figure with the reader's separators; `places` fixes the digits behind the point."""
    if places is None:
        return str(format_decimal(value, locale=locale()))
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return str(format_decimal(value, format=pattern, locale=locale()))


def plain_number(value: Number) -> str:
    """A figure as an input holds it: the reader's decimal point, no separators, every digit."""
    text = format_decimal(value, locale=locale(), group_separator=False, decimal_quantization=False)
    return str(text)


def exact_number(value: Number) -> str:
    """A figure with the reader's separators and every digit that it has."""
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    return str(format_decimal(exact, locale=locale(), decimal_quantization=False))


def compact_number(value: Number) -> str:
    """12,846 as 13K, in the reader's language."""
    return str(format_compact_decimal(value, locale=locale(), fraction_digits=1))


def percent(share: Number, *, places: int = 0) -> str:
    """A share of 0 to 1 in percent."""
    pattern = "#,##0" + ("." + "0" * places if places else "") + " %"
    return str(format_percent(share, format=pattern, locale=locale()))


def money(amount: Money, *, exact: bool = False) -> str:
    """An amount with its currency; pence are left out when there are none, unless `exact`."""
    whole = amount.major == amount.major.to_integral_value()
    return str(
        format_currency(
            amount.major,
            amount.currency,
            locale=locale(),
            format=_short_pattern() if whole and not exact else None,
            currency_digits=not whole or exact,
        )
    )


def compact_money(amount: Money) -> str:
    """£1.05M: for figures of which only the size matters."""
    return str(
        format_compact_currency(amount.major, amount.currency, locale=locale(), fraction_digits=2)
    )


def _short_pattern() -> str:
    return str(locale().currency_formats["standard"].pattern).replace(".00", "")


def local(moment: dt.datetime) -> dt.datetime:
    """The moment in the reader's time zone."""
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def day(value: dt.date | dt.datetime) -> str:
    """19 Nov, with the year where it is not this one."""
    date = _date(value)
    skeleton = "MMMd" if date.year == timezone.localdate().year else "yMMMd"
    return _of_day(skeleton, date, locale())


def month(value: dt.date) -> str:
    """Nov 2026."""
    return _of_day("yMMM", value, locale())


def long_day(value: dt.date | dt.datetime) -> str:
    """19 November 2026."""
    return _written(_date(value), "long", locale())


def week_day(value: dt.date | dt.datetime) -> str:
    """Thursday 19 November: the heading of a day in a story, today and yesterday named."""
    date = _date(value)
    today = timezone.localdate()
    away = (today - date).days
    if away not in (0, 1) and date.year != today.year:
        return long_day(date)
    text = _of_day("MMMMEEEEd", date, locale())
    if away == 0:
        return _("Today, %(day)s") % {"day": text}
    return _("Yesterday, %(day)s") % {"day": text} if away == 1 else text


def clock_time(value: dt.datetime | dt.time) -> str:
    """09:48."""
    time = local(value).time() if isinstance(value, dt.datetime) else value
    return _time(time, "short", locale())


def day_and_time(value: dt.datetime) -> str:
    """19 Nov 2026, 09:48: for a title or wherever exactness matters."""
    value, reader = local(value), locale()
    joined = _joined(reader).replace("{0}", _time(value.time(), "medium", reader))
    return joined.replace("{1}", _written(value.date(), "medium", reader))


def when(value: dt.datetime | dt.date) -> str:
    """As short as a list column: 09:48 today, Wed within the week, 16 Nov, then with the year."""
    if not isinstance(value, dt.datetime):
        return day(value)
    value, reader = local(value), locale()
    date, today = value.date(), timezone.localdate()
    away = (today - date).days
    if away == 0:
        return _time(value.time(), "short", reader)
    if 0 < away < 6:
        return _of_day("E", date, reader)
    return _of_day("MMMd" if date.year == today.year else "yMMMd", date, reader)


def ago(value: dt.datetime) -> str:
    """5 minutes ago, in 3 days."""
    return str(format_timedelta(value - timezone.now(), add_direction=True, locale=locale()))


def duration(seconds: Number) -> str:
    """A span in two units at most: 12 min, 2 h 31, 3 days."""
    return span(dt.timedelta(seconds=float(seconds)))


def span(length: dt.timedelta) -> str:
    """A span in two units at most: 12 min, 2 h 31, 3 days."""
    minutes = int(abs(length).total_seconds() // 60)
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return _("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": rest}
    return str(
        format_timedelta(
            dt.timedelta(days=hours // 24), granularity="day", locale=locale(), threshold=999
        )
    )


def size(octets: int) -> str:
    """A file's size: 4.2 MB."""
    value, units = float(octets), [_("B"), _("KB"), _("MB"), _("GB"), _("TB")]
    unit = units[0]
    for unit in units:
        if value < 1000 or unit == units[-1]:
            break
        value /= 1000
    return f"{number(value, places=0 if unit == units[0] or value >= 100 else 1)} {unit}"


# Lists show hundreds of moments, most of them of the same days as the page before.


@lru_cache(maxsize=4096)
def _of_day(skeleton: str, date: dt.date, reader: Locale) -> str:
    return str(format_skeleton(skeleton, date, locale=reader))


@lru_cache(maxsize=4096)
def _written(date: dt.date, length: Literal["medium", "long"], reader: Locale) -> str:
    return str(format_date(date, format=length, locale=reader))


@lru_cache(maxsize=4096)
def _time(time: dt.time, length: Literal["short", "medium"], reader: Locale) -> str:
    return str(format_time(time.replace(microsecond=0), format=length, locale=reader))


@lru_cache(maxsize=64)
def _joined(reader: Locale) -> str:
    """How a time, {0}, stands beside a date, {1}."""
    return str(get_datetime_format("medium", locale=reader)).replace("'", "")


def _date(value: dt.date | dt.datetime) -> dt.date:
    return local(value).date() if isinstance(value, dt.datetime) else value
