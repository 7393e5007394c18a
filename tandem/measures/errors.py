"""What a question for a number may be refused for."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Invalid, Missing


class MeasureUnknown(Missing):
    """There is no measure of this key."""

    code = "measure_unknown"
    message = _("There is no measure of this name.")


class DimensionUnknown(Invalid):
    """The measure cannot be split this way."""

    code = "dimension_unknown"


class FilterUnknown(Invalid):
    """The measure cannot be narrowed this way, or not by this value."""

    code = "filter_unknown"


class FilterUnreadable(FilterUnknown):
    """The text is no list of names and values."""

    code = "filter_unreadable"
    message = _("A filter is written name:value, several with commas between.")


class PeriodInvalid(Invalid):
    """The period ends before it begins."""

    code = "period_invalid"
    message = _("The period ends before it begins.")
