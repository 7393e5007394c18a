"""What accounts refuses."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, DomainError, Invalid, Refused


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


class FieldHidden(Refused):
    """The role of who asks does not see this field: not to read, filter, sort, group or write."""

    code = "field_hidden"
    message = _("Your role does not see this field.")


class AdminStays(Conflict):
    """Administrators see everything and may do everything."""

    code = "admin_stays"
    message = _("Administrators always see everything and may do everything.")


class OnlyAdmins(Conflict):
    """Whoever gives roles could give them to themselves."""

    code = "only_admins"
    message = _("This right stays with administrators: whoever has it can give roles.")


class NameStays(Conflict):
    """Without its name no record can be shown."""

    code = "name_stays"
    message = _("The name of a record cannot be hidden: without it no record can be shown.")


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
