"""What names a person wherever it stands, and the keyed hashes by which the erased are known."""

import hmac
from collections.abc import Collection, Sequence

from django.conf import settings
from django.db.models import Q

from tandem.accounts.models import User
from tandem.kernel.errors import DomainError
from tandem.kernel.models import RecordChange
from tandem.people.models import Person, PersonEmail, PersonPhone
from tandem.people.rules import normalize_email, sort_key
from tandem.records.models import Erasure, ErasureState
from tandem.records.slots import Traces

# What history calls the columns in which these stand.
_TOLD = {
    "people.personemail": ("address", "normalized"),
    "people.personphone": ("number", "normalized"),
    "people.person": ("name",),
}


def traces_of_people(ids: Sequence[int]) -> Traces:
    """Addresses, numbers and names of these persons, former ones too, as far as they name nobody
    else: a number or name that another person bears stays, and so does a colleague's address."""
    told = _told_by_history(ids)
    addresses, numbers = told["people.personemail"], told["people.personphone"]
    for one in PersonEmail.objects.filter(person_id__in=ids):
        addresses |= {one.address, one.normalized}
    for phone in PersonPhone.objects.filter(person_id__in=ids):
        numbers |= {phone.number, phone.normalized}
    names = told["people.person"]
    names |= set(Person.objects.filter(pk__in=ids).values_list("name", flat=True))
    colleagues = {
        one.lower()
        for one in User.everyone.filter(email__in=addresses).values_list("email", flat=True)
    }
    others = Person.objects.exclude(pk__in=ids).filter(deleted_at__isnull=True)
    shared = PersonPhone.objects.exclude(person_id__in=ids).filter(
        Q(number__in=numbers) | Q(normalized__in=numbers)
    )
    for phone in shared:
        numbers -= {phone.number, phone.normalized}
    return Traces(
        addresses=frozenset(one for one in addresses if one.lower() not in colleagues),
        numbers=frozenset(numbers),
        names=frozenset(
            name for name in names if not others.filter(sort_key=sort_key(name)).exists()
        ),
    )


def _told_by_history(ids: Sequence[int]) -> dict[str, set[str]]:
    """What stood in these columns before, of this person or of a part that is gone."""
    found: dict[str, set[str]] = {model: set() for model in _TOLD}
    rows = RecordChange.objects.filter(root_kind="person", root_id__in=ids, model__in=_TOLD)
    for change in rows.iterator():
        for column in _TOLD[change.model]:
            told = change.fields.get(column) or []
            texts = told if isinstance(told, list) else [told]
            found[change.model] |= {str(one) for one in texts if one}
    return found


def erased_keys(traces: Traces) -> list[str]:
    """The keyed hashes of addresses, each once."""
    return sorted({erased_key(one) for one in traces.addresses})


def erased_key(address: str) -> str:
    """The keyed hash under which an erased address is known, 64 characters."""
    try:
        normal = normalize_email(address)
    except DomainError:
        normal = address.strip().lower()
    text = f"tandem.erased.address:{normal}"
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), "sha256").hexdigest()


def erased_among(addresses: Collection[str]) -> frozenset[str]:
    """Those of these addresses whose person was erased; no work where nobody ever was."""
    known: set[str] = set()
    done = Erasure.objects.filter(kind="person", state=ErasureState.DONE)
    for keys in done.values_list("keys", flat=True):
        known.update(keys)
    if not known:
        return frozenset()
    return frozenset(one for one in addresses if erased_key(one) in known)
