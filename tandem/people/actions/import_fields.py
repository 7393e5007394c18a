"""What a file may say of persons, and how its texts are read: by the rules of single writes."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from django.utils.translation import gettext_lazy as _
from pydantic import Field, TypeAdapter, ValidationError

from tandem.kernel.errors import DomainError
from tandem.kernel.readings import Reading
from tandem.people.rules import (
    Said,
    country_of,
    is_mangled_range,
    normalize_email,
    opted_out_in,
    registrable_domain,
    said_in,
    size_of,
    stage_of,
)
from tandem.people.schemas import Line, Name, Plain
from tandem.records.rules import normalized_tag
from tandem.records.schemas import MAX_TAG
from tandem.records.slots import ImportField, Text

_SEVERAL = re.compile(r"\s*(?:[,;\s]|:::)\s*")
_TAGS = re.compile(r"[,;|]|:::")
_ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s]+"
# With a sign of the country or of the area in front: other numbers are no phones.
_NUMBER = r"\+\d[\d\s()./-]{6,18}|\(?0\d[\d\s()./-]{5,18}"
_DOMAIN = r"(https?://)?[^\W_][\w-]*(\.[\w-]+)*\.[a-z]{2,}(/\S*)?"
_KEY = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
TAG_MARK = "\x1f"  # between the tags or the companies of one row


def read_as(of: Any) -> Callable[[Iterable[str]], Reading]:
    """Read texts as values of a schema's type; an empty one is none."""
    check = TypeAdapter(of).validate_python

    def one(text: str) -> str:
        try:
            return str(check(text))
        except ValidationError as refused:
            raise _Unread(refused.errors(include_url=False)[0]["type"]) from refused

    return each(one)


class _Unread(Exception):
    """A text that is not what its field takes; carries the code."""


def each(one: Callable[[str], str]) -> Callable[[Iterable[str]], Reading]:
    """Read each text by a function; what that refuses is a fault, what is empty is none."""

    def read(texts: Iterable[str]) -> Reading:
        values: dict[str, str | None] = {}
        faults: dict[str, str] = {}
        for text in texts:
            plain = text.strip()
            try:
                values[text] = (one(plain) or None) if plain else None
            except DomainError as refused:
                faults[text] = refused.code
            except _Unread as refused:
                faults[text] = str(refused)
        return Reading(values, faults)

    return read


def _addresses(text: str) -> str:
    """One address or several in a cell, in their one form, with a space between."""
    if not _SEVERAL.search(text):
        return normalize_email(text)
    return " ".join(dict.fromkeys(normalize_email(one) for one in _SEVERAL.split(text) if one))


def _country(text: str) -> str:
    return _known(country_of(text), "country_unknown")


def _stage(text: str) -> str:
    return _known(str(stage_of(text) or ""), "stage_unknown")


def _said(text: str) -> str:
    return _known(str(said_in(text) or ""), "said_unknown")


def _opted_out(text: str) -> str:
    """Whether somebody does not want mail; ``no`` says nothing."""
    said = opted_out_in(text)
    if said is None:
        raise _Unread("said_unknown")
    return str(Said.WITHDRAWN) if said else ""


def _size(text: str) -> str:
    if is_mangled_range(text):
        raise _Unread("spreadsheet_range")
    return _known(str(size_of(text) or ""), "size_unknown")


def _known(value: str, fault: str) -> str:
    if not value:
        raise _Unread(fault)
    return value


def _companies(text: str) -> str:
    """The name of a company, or of several with ``;`` between: the first is where one works."""
    named = [one.strip() for one in text.split(";")]
    try:
        return TAG_MARK.join(dict.fromkeys(_name(one) for one in named if one))
    except ValidationError as refused:
        raise _Unread(refused.errors(include_url=False)[0]["type"]) from refused


_name = TypeAdapter(Name).validate_python


def _tags(text: str) -> str:
    """Tags of a cell, without quotes around each, and without the groups that Google makes."""
    named = [one.strip().strip('"').strip() for one in _TAGS.split(text)]
    found = {normalized_tag(one): one for one in named if one and not one.startswith("* ")}
    if any(len(one) > MAX_TAG or not one.isprintable() for one in found):
        raise _Unread("tag_odd")
    return TAG_MARK.join(one for key, one in found.items() if key)


FAULTS: dict[str, Text] = {
    "nobody": _("says neither a name nor an address"),
    "exists_not_visible": _("is somebody whom you may not see"),
    "string_too_long": _("is too long"),
    "text_odd": _("holds line breaks or characters that cannot be seen"),
    "address_invalid": _("is no mail address"),
    "address_too_long": _("is too long for a mail address"),
    "address_without_domain": _("has no domain that can be reached"),
    "address_deceptive": _("has characters that look like others"),
    "address_not_ascii": _("has letters before the @ that mail programs do not take"),
    "phone_invalid": _("is no phone number"),
    "domain_invalid": _("is no domain"),
    "country_unknown": _("is no country that we know"),
    "stage_unknown": _("is no stage that we know"),
    "said_unknown": _("is neither a yes nor a no"),
    "tag_odd": _("has a tag that is too long or cannot be read"),
    "owner_unknown": _("is no colleague here"),
    "taken": _("belongs to somebody else"),
    "company_id_unknown": _("is the id of no company here"),
    "ends_before": _("is a day before the job begins"),
    "spreadsheet_range": _("was a range until a spreadsheet took it for a date"),
    "domain_alone": _("cannot be read, and the row says neither a name nor an id"),
    "nothing": _("says neither a name nor a domain"),
    "size_unknown": _("is no number of people"),
    "domain_taken": _("belongs to another company"),
    "parent_unknown": _("is no company here or in this file"),
    "parent_circle": _("is below the company that it would be above"),
}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PERSON_FIELDS = (
    ImportField(
        "email",
        _("Mail address"),
        read=each(_addresses),
        is_kept=True,
        synonyms=_words(
            "emailaddress email1value mail emailadresse courriel personemailwork personemail"
            " primaryemail workemail emailwork email1"
        ),
        looks=_ADDRESS,
    ),
    ImportField(
        "name",
        _("Name"),
        read=read_as(Name),
        synonyms=_words("fullname contactname personname displayname contact"),
        never=_words("nameprefix namesuffix namepronunciation"),
    ),
    ImportField(
        "given",
        _("First name"),
        read=read_as(Name),
        synonyms=_words("firstname givenname forename fname vorname prenom"),
    ),
    ImportField(
        "middle",
        _("Middle names"),
        read=read_as(Name),
        synonyms=_words("middlename middlenames additionalname"),
    ),
    ImportField(
        "family",
        _("Last name"),
        read=read_as(Name),
        synonyms=_words("lastname surname familyname lname nachname nom"),
    ),
    ImportField(
        "email_2",
        _("Second mail address"),
        read=each(_addresses),
        is_lenient=True,
        synonyms=_words("email2value secondaryemail additionalemailaddresses personemailhome"),
    ),
    ImportField(
        "email_3",
        _("Third mail address"),
        read=each(_addresses),
        is_lenient=True,
        synonyms=_words("email3value personemailother homeemail otheremail"),
    ),
    ImportField(
        "phone",
        _("Phone"),
        max_length=200,
        synonyms=_words(
            "phonenumber phone1value personphonework workphone businessphone telephone tel telefon"
        ),
        looks=_NUMBER,
    ),
    ImportField(
        "phone_2",
        _("Mobile phone"),
        max_length=200,
        synonyms=_words("mobilephone mobile mobilephonenumber cell phone2value personphonemobile"),
    ),
    ImportField(
        "phone_3",
        _("Third phone"),
        max_length=200,
        synonyms=_words("phone3value personphonehome homephone otherphone"),
    ),
    ImportField(
        "title",
        _("Title"),
        read=read_as(Line),
        synonyms=_words(
            "jobtitle position role organization1title organizationtitle personjobtitle"
        ),
    ),
    ImportField(
        "company",
        _("Company"),
        read=each(_companies),
        synonyms=_words(
            "companyname account accountname organization organizationname organisation"
            " organization1name personorganization associatedcompany employer firma"
        ),
    ),
    ImportField(
        "company_ids",
        _("Id of the company in the other system"),
        synonyms=_words(
            "associatedcompanyids associatedcompanyidsprimary associatedcompanyid"
            " primaryassociatedcompanyid companyid companyids accountid organizationid"
            " personorganizationid"
        ),
        max_length=4000,
        fills="company",
    ),
    ImportField(
        "function",
        _("Department"),
        read=read_as(Annotated[str, Field(max_length=60), Plain]),
        is_lenient=True,
        synonyms=_words(
            "department jobfunction personfunction organization1department organizationdepartment"
            " abteilung"
        ),
    ),
    ImportField(
        "seniority",
        _("Seniority"),
        read=read_as(Annotated[str, Field(max_length=30), Plain]),
        is_lenient=True,
        synonyms=_words("jobseniority joblevel employmentseniority managementlevel"),
    ),
    ImportField(
        "started_on",
        _("In the job since"),
        "moment",
        is_lenient=True,
        synonyms=_words("jobstart jobstartdate jobsince employedsince employmentstart hiredate"),
    ),
    ImportField(
        "ended_on",
        _("In the job until"),
        "moment",
        is_lenient=True,
        synonyms=_words("jobend jobenddate jobuntil employeduntil employmentend leavingdate"),
    ),
    ImportField(
        "domain",
        _("Domain of the company"),
        read=each(registrable_domain),
        is_lenient=True,
        synonyms=_words("companydomain companydomainname website companywebsite websiteurl"),
        looks=_DOMAIN,
    ),
    ImportField(
        "owner",
        _("Owner, by mail address"),
        synonyms=_words("contactowner personowner owneremail assignedto"),
    ),
    ImportField(
        "country",
        _("Country"),
        read=each(_country),
        is_lenient=True,
        synonyms=_words(
            "countryregion countryname mailingcountry address1country personpostaladdresscountry"
            " land cc"
        ),
    ),
    ImportField(
        "tags",
        _("Tags"),
        read=each(_tags),
        is_lenient=True,
        synonyms=_words("tag labels label personlabels groupmembership categories"),
    ),
    ImportField(
        "stage",
        _("Stage of the lifecycle"),
        read=each(_stage),
        is_lenient=True,
        synonyms=_words("lifecyclestage lifecycle"),
    ),
    ImportField(
        "created_at",
        _("Here since"),
        "moment",
        synonyms=_words("createdate created createddate dateadded personpersoncreated"),
        is_lenient=True,
    ),
    ImportField(
        "external_id",
        _("Id in the other system"),
        "id",
        synonyms=_words("recordid contactid id personid externalid euid leid"),
        max_length=190,
        looks=_KEY,
    ),
    ImportField(
        "consent",
        _("Agreed to marketing by mail"),
        read=each(_said),
        is_lenient=True,
        synonyms=_words(
            "consentstatus subscriptionstatus emailmarketingstatus marketingconsent optin"
            " emailoptin newsletter emailsubscriptionstatus marketingstatus personmarketingstatus"
            " action"
        ),
    ),
    ImportField(
        "opted_out",
        _("Does not want mail"),
        read=each(_opted_out),
        is_lenient=True,
        synonyms=_words(
            "hasoptedoutofemail emailoptout unsubscribedfromallemail optedout donotemail"
            " unsubscribed"
        ),
    ),
    ImportField(
        "consent_at",
        _("Agreed when"),
        "moment",
        is_lenient=True,
        synonyms=_words("consentdate confirmtime optintime optindate subscribedat consenttime"),
    ),
    ImportField(
        "asked_at",
        _("Signed up when"),
        "moment",
        is_lenient=True,
        synonyms=_words("optintime signuptime signupdate"),
    ),
    ImportField(
        "asked_ip", _("Signed up from (IP)"), synonyms=_words("optinip signupip"), max_length=60
    ),
    ImportField(
        "bounced_at",
        _("Bounced when"),
        "moment",
        is_lenient=True,
        synonyms=_words("cleantime cleanedat bouncedat bounceddate"),
    ),
    ImportField(
        "withdrawn_at",
        _("Unsubscribed when"),
        "moment",
        is_lenient=True,
        synonyms=_words("unsubtime unsubscribedat optoutdate"),
    ),
    ImportField(
        "consent_source",
        _("Agreed where"),
        synonyms=_words("consentsource optinsource"),
        max_length=400,
    ),
    ImportField(
        "consent_wording",
        _("Agreed to these words"),
        synonyms=_words("wording consenttext consentstatement"),
        max_length=4000,
    ),
    ImportField(
        "consent_ip", _("Agreed from (IP)"), synonyms=_words("confirmip optinip ip"), max_length=60
    ),
    ImportField(
        "withdrawn_why", _("Unsubscribed why"), synonyms=_words("unsubreason"), max_length=1000
    ),
)

COMPANY_FIELDS = (
    ImportField(
        "name",
        _("Name"),
        read=read_as(Name),
        synonyms=_words(
            "companyname company accountname account organizationname organization organisation"
            " organizationsname"
        ),
    ),
    ImportField(
        "domain",
        _("Domain"),
        read=each(registrable_domain),
        is_lenient=True,
        synonyms=_words(
            "companydomainname companydomain website websiteurl companywebsite url"
            " organizationwebsite"
        ),
        looks=_DOMAIN,
    ),
    ImportField(
        "parent",
        _("Parent company, by name, domain or id"),
        synonyms=_words(
            "parentcompany parentcompanyname parentaccount parentaccountname parentorganization"
            " parentcompanyid parentaccountid parentrecordid konzern mutterfirma"
        ),
        max_length=253,
    ),
    ImportField(
        "industry",
        _("Industry"),
        read=read_as(Line),
        synonyms=_words("branch sector organizationindustry"),
    ),
    ImportField(
        "size",
        _("Size"),
        read=each(_size),
        is_lenient=True,
        synonyms=_words(
            "numberofemployees employees companysize headcount employeecount"
            " organizationnumberofemployees"
        ),
    ),
    ImportField(
        "country",
        _("Country"),
        read=each(_country),
        is_lenient=True,
        synonyms=_words("countryregion countryname billingcountry land"),
    ),
    ImportField(
        "owner",
        _("Owner, by mail address"),
        synonyms=_words("companyowner accountowner organizationowner owneremail"),
    ),
    ImportField(
        "tags",
        _("Tags"),
        read=each(_tags),
        is_lenient=True,
        synonyms=_words("tag labels label categories organizationlabels"),
    ),
    ImportField(
        "created_at",
        _("Here since"),
        "moment",
        synonyms=_words("createdate created createddate dateadded organizationorganizationcreated"),
        is_lenient=True,
    ),
    ImportField(
        "external_id",
        _("Id in the other system"),
        "id",
        synonyms=_words("recordid companyid accountid organizationid id externalid"),
        max_length=190,
    ),
)
