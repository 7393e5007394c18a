"""What accounts refuses."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, DomainError, Invalid


class UserExists(Conflict):
    """The mail address belongs to a user already."""

    code = "user_exists"
    message = _("There is a user with this mail address already.")


class LastAdmin(Conflict):
    """Nobody would be left who can give roles."""

    code = "last_admin"
    message = _("This is the last active administrator. Make someone else an administrator first.")


class WeakPassword(Invalid):
    """The password breaks a rule of this installation."""

    code = "weak_password"


class TeamExists(Conflict):
    """Another team has this name."""

    code = "team_exists"
    message = _("There is a team with this name already.")


class UnknownMember(Invalid):
    """A member of the list is no user."""

    code = "unknown_member"
    message = _("One of these users is not here any more.")


class NoRate(DomainError):
    """No rate is known for a currency on a day."""

    code = "no_rate"


class RatesDependOnBase(Conflict):
    """The stored rates are counted in the present base currency."""

    code = "rates_depend_on_base"
    message = _("The currency rates are counted in the present base currency. Remove them first.")


class RateForBase(Invalid):
    """The base currency is always worth one of itself."""

    code = "rate_for_base"
    message = _("The base currency needs no rate.")


class NoHolidaysKnown(Invalid):
    """No calendar of public holidays is known for a country."""

    code = "no_holidays_known"
    message = _("No calendar of public holidays is known for this country.")
