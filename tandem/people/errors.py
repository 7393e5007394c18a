"""What people and companies refuse."""

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Conflict, Invalid


class AddressInvalid(Invalid):
    """The text is no mail address that can be written to."""

    code = "address_invalid"
    message = _("Write a mail address, such as ann@example.com.")


class AddressTooLong(AddressInvalid):
    code = "address_too_long"
    message = _("A mail address has up to 64 characters before the @ and 254 in all.")


class AddressWithoutDomain(AddressInvalid):
    """A bare host or an address of a machine: nobody outside can be reached there."""

    code = "address_without_domain"
    message = _("The part after the @ must be a domain, such as example.com.")


class AddressDeceptive(AddressInvalid):
    """Characters that look like others or that turn the direction of reading."""

    code = "address_deceptive"
    message = _("This address holds characters that look like others. Type it by hand.")


class AddressNotAscii(AddressInvalid):
    """Mailboxes outside ASCII (SMTPUTF8) cannot be reached from everywhere yet."""

    code = "address_not_ascii"
    message = _("The part before the @ may hold plain letters, digits and signs only.")


class PhoneInvalid(Invalid):
    code = "phone_invalid"
    message = _("Write a phone number, with + and the country where it is abroad.")


class DomainInvalid(Invalid):
    code = "domain_invalid"
    message = _("Write a domain, such as example.com.")


class NameMissing(Invalid):
    code = "name_missing"
    message = _("Write a name.")


class TextOdd(Invalid):
    code = "text_odd"
    message = _("This holds line breaks or characters that cannot be seen.")


class CompanyUnknown(Invalid):
    code = "company_unknown"
    message = _("This company is not here, or you may not see it.")


class OwnerUnknown(Invalid):
    code = "owner_unknown"
    message = _("There is no such colleague.")


class ParentInvalid(Invalid):
    """A company cannot stand above itself, directly or through others."""

    code = "parent_invalid"
    message = _("A company cannot belong to itself.")


class LanguageUnknown(Invalid):
    code = "language_unknown"
    message = _("This language is not known; write it as en or en-GB.")


class DatesTurned(Invalid):
    """Something ends before it begins."""

    code = "dates_turned"
    message = _("The end is before the beginning.")


class JobEmpty(Invalid):
    """A job of which nothing is said."""

    code = "job_empty"
    message = _("Write a company or a title.")


class PersonUnknown(Invalid):
    code = "person_unknown"
    message = _("This person is not here, or you may not see them.")


class TieWithSelf(Invalid):
    """Nobody stands in a relationship to themselves."""

    code = "tie_with_self"
    message = _("This is the same person.")


class TieExists(Conflict):
    """The two have this tie already, perhaps the other way round."""

    code = "tie_exists"
    message = _("This is noted between the two already.")


class AddressTaken(Conflict):
    """The address belongs to another person, whom the actor may see."""

    code = "address_taken"
    message = _("Another person has this mail address.")


class DomainTaken(Conflict):
    code = "domain_taken"
    message = _("Another company has this domain.")


class ExistsNotVisible(Conflict):
    """There is such a record, but the actor may not see it: no more is said."""

    code = "exists_not_visible"
    message = _("This exists already, but you may not see it. Ask your manager.")


class VersionConflict(Conflict):
    """The record was changed since the version that the actor had read."""

    code = "version_conflict"
    message = _("Someone has changed this in the meantime. Look at it and try again.")
