"""ObjectType: one declaration per kind of record, and what the house makes of it.

A room that owns a kind of record builds one ObjectType and registers it when its app starts. From
it come the list with its columns, sorts, filter tree and saved views, the side panel, the record
page, search, palette entries, tags, comments, history and the API resource.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any, LiteralString, Protocol, TypeVar, runtime_checkable

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from pydantic import BaseModel

from tandem.accounts.errors import FieldHidden
from tandem.accounts.models import User
from tandem.accounts.slots import KINDS, GuardedField, GuardedKind
from tandem.kernel.actor import Actor
from tandem.kernel.context import forget, remembered
from tandem.kernel.errors import FieldError
from tandem.kernel.models import Record, Tracked
from tandem.kernel.readings import READERS, Reading
from tandem.kernel.refs import RecordRef
from tandem.kernel.slots import Slot
from tandem.records.models import FIELDS, Customisable, FieldDef, MergeEvent, field_definitions
from tandem.records.rules import FieldType as FieldType
from tandem.records.rules.alike import Seen
from tandem.records.rules.custom import PREFIX, Definition
from tandem.records.schemas import ImportMatch, ImportPolicy

Text = str | Promise


class Privacy(StrEnum):
    """How personal a kind of record or a field is: decides export, erasure and log rules."""

    PERSONAL = "personal"
    BUSINESS = "business"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice field; ``tone`` is its chip's: mkt, sales, handoff, ok, warn, bad."""

    value: str
    label: Text
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind of record, as lists, filters, forms, search and the API know it.

    ``source`` is the path of the value in the ORM (``primary_company__name``), relative to the
    model; ``sort`` the path to order by where it is another (a sort key of ours, never a locale of
    the server's). ``load`` computes what is no column, for a whole page of rows at once:
    ``load(actor, rows) -> {primary key: value}``; such a field can be neither sorted nor filtered.
    Fields that share one ``load`` share its query; each takes its part of the value by ``pick``.
    A column of money holds minor units; the record has their ``currency``. ``custom`` is there for
    a field that the company added: its value stands in the JSON column ``x``. ``also`` names what
    tells its value too, in forms, answers and columns: where the field is hidden, so is that.
    ``group`` is the heading on a record page, where it is another than the usual one.
    """

    key: str
    label: Text
    type: FieldType
    source: str = ""
    sort: str = ""
    choices: Callable[[], Sequence[Choice]] | None = None
    load: Callable[[Actor, Sequence[Any]], Mapping[int, Any]] | None = None
    pick: Callable[[Any], Any] | None = None
    is_editable: bool = False
    is_filterable: bool = True
    width: str = ""
    privacy: Privacy = Privacy.BUSINESS
    custom: Definition | None = None
    also: tuple[str, ...] = ()
    group: Text = ""

    @property
    def path(self) -> str:
        return self.source or self.key

    @property
    def sort_path(self) -> str:
        return self.sort or self.path

    @property
    def is_column(self) -> bool:
        """Whether the value stands in the database, so that it can be filtered."""
        stands = self.load is None or self.custom is not None
        return stands and self.type is not FieldType.TAGS

    @property
    def is_sortable(self) -> bool:
        """Whether a list can be ordered by it: a colleague's public id has no order of its own."""
        return self.is_column and self.type is not FieldType.CHOICES and self.load is None


@dataclass(frozen=True, slots=True)
class Permissions:
    """The names of the permissions on the verbs of a kind of record."""

    view: str
    create: str
    edit: str
    delete: str


# Told how many more records are done; raises Cancelled when somebody asked to stop.
Advance = Callable[[int], None]


def ignore(count: int) -> None:
    """The listener of a deed that is done before anybody could watch it."""


@dataclass(frozen=True, slots=True)
class BulkDone:
    """What a deed on many records came to: those it was about, and those it changed."""

    matched: int
    changed: int


@dataclass(frozen=True)
class Bulk:
    """What may be done with many records of a kind at once.

    ``change`` and ``delete`` are actions of the owning room ``(actor, chosen, *, advance)``, the
    first with ``data`` of the change schema: a few statements each for any number of records, one
    change set. ``to_change(actor, chosen, data=...)`` narrows to what ``change`` would change.
    ``fields`` are those that can be set; an owner needs the permission ``assign`` too.
    """

    fields: tuple[str, ...]
    assign: str
    change: Callable[..., BulkDone]
    to_change: Callable[..., QuerySet[Any]]
    delete: Callable[..., BulkDone]


@dataclass(frozen=True)
class Alike:
    """How doubles of a kind are found. ``keys`` is SQL of ``id`` and ``key`` (a text, or NULL) of
    live records: only two that share a key are compared. ``seen`` is what is compared of some.
    ``likely(actor, typed)`` gives those that the actor sees and may be about to add once more, by
    the texts of a form; at most a handful."""

    keys: LiteralString
    seen: Callable[[Collection[int]], Mapping[int, Seen]]
    likely: Callable[[Actor, Mapping[str, str]], Sequence[Any]]
    is_person: bool


@dataclass(frozen=True, eq=False)  # one of its own, so that an ObjectType can be a key
class Merging:
    """How two records of a kind become one.

    ``columns`` are the columns that go with a field besides its own (the parts of a name),
    ``silent`` those that no field shows: an empty one is filled. ``parts`` gives the table in whose
    main row a field stands. ``derive`` makes derived columns of these records anew.
    """

    parts: Mapping[str, type[Tracked]]
    derive: Callable[[Sequence[int]], None]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    alike: Alike | None = None  # None: doubles are not looked for


@dataclass(frozen=True, eq=False)  # each is there once; declarations in it hold mappings
class ObjectType:
    """One kind of record.

    ``visible_to(actor)`` is where every reader starts. ``create``, ``update`` and ``delete`` are
    actions of the owning room; ``create`` answers the record and whether it is new. ``output``
    gives the API's form of a record, matching ``output_schema``; ``prepare`` adds what list rows
    need to a queryset (joins, prefetches), ``search`` narrows one to a text typed by a user.
    """

    kind: str
    slug: str
    model: type[Record]
    label: Text
    label_plural: Text
    icon: str
    shortcut: str
    permissions: Permissions
    fields: tuple[Field, ...]
    default_columns: tuple[str, ...]
    default_sort: str
    visible_to: Callable[[Actor], QuerySet[Any]]
    prepare: Callable[[QuerySet[Any]], QuerySet[Any]]
    search: Callable[[QuerySet[Any], str], QuerySet[Any]]
    name_of: Callable[[Any], str]
    subtitle_of: Callable[[Any], str]
    input_schema: type[BaseModel]
    change_schema: type[BaseModel]
    output_schema: type[BaseModel]
    output: Callable[[Any], Mapping[str, Any]]
    create: Callable[..., tuple[Any, bool]]
    update: Callable[..., Any]
    delete: Callable[..., Any]
    match_keys: tuple[str, ...] = ()
    privacy: Privacy = Privacy.BUSINESS
    is_square: bool = False  # the face of a company is square, of a person round
    bulk: Bulk | None = None  # without it, many at once can only be tagged
    board: str = ""  # the name of the route that shows the same records as a board
    merging: Merging | None = None  # None: records of this kind are not merged
    subtitle_fields: tuple[str, ...] = ()  # what subtitle_of tells of
    # The paths that name_of, subtitle_of and the loads of fields read: lists of kinds that name
    # them read values instead of records.
    told_by: tuple[str, ...] = ()
    is_scoped: bool = False  # visible_to follows the scope of this kind: own, team, all
    # The keys of the few that a text finds first, for who types: first_found(rows, text, limit).
    first_found: Callable[[QuerySet[Any], str, int], Sequence[int]] | None = None
    # How many a text finds, to a limit, where the search knows: count_found(rows, text, limit).
    count_found: Callable[[QuerySet[Any], str, int], int | None] | None = None
    new_fields: tuple[str, ...] = ()  # what the form for a new record asks; all where none is named
    searched_fields: tuple[str, ...] = ()  # where search looks besides the name; "person.email"
    # Parts of the API's form that tell fields of other kinds: {"opener": ("lead.asked_for",)}.
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Parts that hold values by the keys of another kind's fields: {"answers": "person"}.
    holds: Mapping[str, str] = field(default_factory=dict)
    # Fields that history tells in rows of tables of their own: {"person": (DealContact,)}. Those of
    # a kind that is merged stand in ``merging``, too.
    parts: Mapping[str, tuple[type[Tracked], ...]] = field(default_factory=dict)
    named_by: tuple[str, ...] = ()  # the fields that make up the name: hidden from nobody, as it

    @property
    def name_key(self) -> str:
        """The key of the field by which a record is shown, which can be hidden from nobody."""
        keys = [field.key for field in self.fields]
        return NAME if NAME in keys else keys[0]

    @property
    def is_customisable(self) -> bool:
        """Whether a company may add fields to it."""
        return issubclass(self.model, Customisable)

    @property
    def custom_fields(self) -> tuple[Field, ...]:
        """The fields that the company added, in order; one query a request for all kinds."""
        return custom_fields_of(self.kind) if self.is_customisable else ()

    @property
    def every_field(self) -> tuple[Field, ...]:
        """The fields that are declared, then those that the company added, whoever sees them: to
        define and to move them. Who shows or takes values asks ``fields_for``."""
        return (*self.fields, *self.custom_fields)

    def fields_for(self, actor: Actor) -> tuple[Field, ...]:
        """The fields that are there for an actor: the one rule behind every door."""
        hidden = self.names_hidden(actor)
        if not hidden:
            return self.every_field
        return tuple(field for field in self.every_field if field.key not in hidden)

    def field_for(self, actor: Actor, key: str) -> Field | None:
        """The field of this key; None where there is none. Raises FieldHidden."""
        self.refuse_hidden(actor, (key,))
        among = self.custom_fields if key.startswith(PREFIX) else self.fields
        return next((field for field in among if field.key == key), None)

    def refuse_hidden(self, actor: Actor, names: Iterable[str]) -> None:
        """Raise FieldHidden where who acts names a field that is not there for them."""
        hidden = self.names_hidden(actor)
        asked = [name for name in names if name in hidden] if hidden else ()
        if asked:
            raise FieldHidden(
                errors=[FieldError(name, FieldHidden.code, FieldHidden.message) for name in asked]
            )

    def names_hidden(self, actor: Actor) -> frozenset[str]:
        """What inputs and answers call the fields that are not there for an actor."""
        told = {name for name, of in self.told.items() if actor.hides_any(*of)}
        hidden = actor.hidden_of(self.kind) | told
        if not hidden:
            return hidden
        named = [field for field in self.fields if field.key in hidden]
        return hidden.union(*({field.path, *field.also} for field in named))

    def subtitle_for(self, actor: Actor, record: Any) -> str:
        """What stands below the name; nothing where it would tell a hidden field."""
        if self._hides_any(actor, self.subtitle_fields):
            return ""
        return self.subtitle_of(record)

    def search_for(self, actor: Actor, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        """Narrow rows to a text; by the name alone where the others of its fields are hidden."""
        found = self.search(rows, text)
        if not self._hides_any(actor, self.searched_fields):
            return found
        path = next(field.path for field in self.fields if field.key == self.name_key)
        for word in text.split():
            found = found.filter(**{f"{path}__icontains": word})
        return found

    def first_for(self, actor: Actor, text: str, limit: int) -> list[Any]:
        """The first that a text finds of what the actor sees, ready to be shown."""
        rows = self.visible_to(actor)
        if self.first_found is None or self._hides_any(actor, self.searched_fields):
            return list(self.prepare(self.search_for(actor, rows, text))[:limit])
        keys = self.first_found(rows, text, limit)
        found = {row.pk: row for row in self.prepare(rows.filter(pk__in=keys))} if keys else {}
        return [found[key] for key in keys if key in found]

    def count_for(self, actor: Actor, text: str, limit: int) -> int | None:
        """How many a text finds of what the actor sees, more than the limit for any number beyond
        it; None where the search does not know without counting rows."""
        if self.count_found is None or self._hides_any(actor, self.searched_fields):
            return None
        return self.count_found(self.visible_to(actor), text, limit)

    def _hides_any(self, actor: Actor, names: Iterable[str]) -> bool:
        places = (name.rpartition(".") for name in names) if actor.hidden else ()
        return any(actor.hides(kind or self.kind, key) for kind, _dot, key in places)

    def output_for(self, actor: Actor, record: Any) -> dict[str, Any]:
        """The API's form of a record, without what is hidden from the actor."""
        hidden = self.names_hidden(actor)
        found = {key: one for key, one in self.output(record).items() if key not in hidden}
        for part, kind in self.holds.items() if actor.hidden else ():
            if part in found:
                found[part] = without_hidden(actor, kind, found[part])
        return found

    def ref(self, record: Any) -> RecordRef:
        return RecordRef(self.kind, record.pk)


def refuse_hidden(actor: Actor, *names: str) -> None:
    """Raise FieldHidden where a page or deed tells a field that is not there for who acts:
    ``deal.stage``."""
    hidden = [name for name in names if actor.hides_any(name)]
    if hidden:
        keys = [name.rpartition(".")[2] for name in hidden]
        raise FieldHidden(
            errors=[FieldError(key, FieldHidden.code, FieldHidden.message) for key in keys]
        )


# What the field by which a record is shown is mostly called.
NAME = "name"
# What the field of tags is called, of every kind that has any.
TAGS = "tags"

OBJECT_TYPES: Slot[ObjectType] = Slot("object type", ObjectType)


def _guarded() -> list[GuardedKind]:
    return [
        GuardedKind(
            kind=found.kind,
            label=found.label_plural,
            is_scoped=found.is_scoped,
            fields=[
                GuardedField(one.key, one.label)
                for one in found.every_field
                if one.key not in (found.name_key, *found.named_by)
            ],
        )
        for found in OBJECT_TYPES
    ]


KINDS.register("records", _guarded)

_CUSTOM = "records.custom_fields"
_WIDTHS = {
    FieldType.NUMBER: "w-num",
    FieldType.MONEY: "w-num",
    FieldType.DATE: "w-when",
    FieldType.USER: "w-name",
}


def custom_fields_of(kind: str) -> tuple[Field, ...]:
    """The fields that the company added to a kind of record, in order, as lists know fields."""
    built: dict[str, tuple[Field, ...]] = remembered(_CUSTOM, dict)
    if kind not in built:
        built[kind] = _built(field_definitions(kind))
    return built[kind]


def forget_custom_fields() -> None:
    """Read the definitions anew; called by the actions that change them."""
    forget(FIELDS)
    forget(_CUSTOM)


def _built(definitions: Sequence[FieldDef]) -> tuple[Field, ...]:
    # One load for all fields of colleagues, so that a list asks for their names once.
    named = tuple(one.key for one in definitions if one.type == FieldType.USER)
    load = partial(_colleagues, named)
    return tuple(_custom_field(one, load) for one in definitions)


def _custom_field(one: FieldDef, load: Callable[..., Mapping[int, Any]]) -> Field:
    definition = one.definition
    key, kind = definition.key, definition.type
    is_user = kind is FieldType.USER
    options = [Choice(option.value, option.label, option.tone) for option in definition.options]
    return Field(
        key=key,
        label=definition.label,
        type=kind,
        source=f"x__{key}",
        choices=(lambda: options) if options else None,
        load=load if is_user else None,
        pick=(lambda found: found.get(key)) if is_user else None,
        is_editable=True,
        width=_WIDTHS.get(kind, "w-mid"),
        privacy=Privacy.PERSONAL if one.is_personal else Privacy.BUSINESS,
        custom=definition,
    )


def _colleagues(
    keys: Sequence[str], actor: Actor, rows: Sequence[Any]
) -> Mapping[int, Mapping[str, User]]:
    """The users whom the rows name under these keys; one query."""
    wanted = {row.x[key] for row in rows for key in keys if key in row.x}
    found: Mapping[str, User] = {}
    if wanted:
        users = User.everyone.filter(public_id__in=wanted)
        found = {str(user.public_id): user for user in users}
    return {
        row.pk: {key: found[row.x[key]] for key in keys if row.x.get(key) in found} for row in rows
    }


@runtime_checkable
class RecordTab(Protocol):
    """A tab in the middle of a record page; one with a true ``is_wide`` takes all of it.

    ``tells`` names the fields that it shows (``order.net``): to whom one is hidden, it is not
    there. What tells none, or leaves out by itself what is hidden, names none.
    """

    key: str
    order: int
    tells: tuple[str, ...]

    @property
    def label(self) -> Text: ...

    def shows(self, object_type: ObjectType, actor: Actor) -> bool: ...

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None: ...

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString: ...


@runtime_checkable
class RecordPanel(Protocol):
    """A group on the right of a record page and in the side panel. One that has ``stands_for``, the
    key of a field, stands at the left before the fields, instead of that one. ``tells`` as of a
    tab."""

    order: int
    in_peek: bool
    tells: tuple[str, ...]

    def shows(self, object_type: ObjectType, actor: Actor) -> bool: ...

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString: ...


@runtime_checkable
class RecordHead(Protocol):
    """A band below the name on a record page: where the record is on its way, and its verbs;
    ``tells`` as of a tab."""

    order: int
    tells: tuple[str, ...]

    def shows(self, object_type: ObjectType, actor: Actor) -> bool: ...

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString: ...


@dataclass(frozen=True, slots=True)
class Relation:
    """Records of the kind ``to`` that belong to those of ``kind``, for filters: those whose path
    ``theirs``, or ``or_theirs`` where there is one, is what the path ``own`` is here. Where
    ``field`` is hidden, or ``their_field`` of the others, so is this."""

    kind: str
    key: str
    label: Text
    to: str
    own: str
    theirs: str
    field: str = ""
    or_theirs: str = ""
    their_field: str = ""
    # Where no column points across: what is true of those that belong to one of these records.
    through: Callable[[QuerySet[Any]], Q] | None = None

    @property
    def tells(self) -> tuple[str, ...]:
        """The fields that point across, on either side: where one is hidden, so is this."""
        own = (f"{self.kind}.{self.field}",) if self.field else ()
        return (*own, f"{self.to}.{self.their_field}") if self.their_field else own


# By kind and key: company.deals.
RELATIONS: Slot[Relation] = Slot("relation", Relation)


def relate(*relations: Relation) -> None:
    """Let filters of one kind of record ask for records of another."""
    for one in relations:
        RELATIONS.register(f"{one.kind}.{one.key}", one)


def relations_of(kind: str) -> Mapping[str, Relation]:
    """What filters of a kind may ask for, by key."""
    return {one.key: one for one in RELATIONS if one.kind == kind}


class Way(StrEnum):
    """How a verb is done: on a page, in a dialog, or at once."""

    PAGE = "page"
    DIALOG = "dialog"
    POST = "post"


@dataclass(frozen=True, slots=True)
class RecordVerb:
    """Something that can be done with one record, at ``url``. ``key`` is the key that does it on
    the record's page; one that ``is_first`` stands there as a button of its own."""

    label: Text
    url: str
    icon: str
    way: Way = Way.PAGE
    key: str = ""
    is_bad: bool = False
    is_first: bool = False


@runtime_checkable
class RecordVerbs(Protocol):
    """Names what this actor may do with a record of a kind besides what every kind knows; nothing
    for other kinds, and nothing that tells a field hidden from them."""

    def __call__(
        self, actor: Actor, object_type: ObjectType, record: Any
    ) -> Sequence[RecordVerb]: ...


RECORD_VERBS: Slot[RecordVerbs] = Slot("record verbs", RecordVerbs)
RECORD_HEADS: Slot[RecordHead] = Slot("record head", RecordHead)
RECORD_TABS: Slot[RecordTab] = Slot("record tab", RecordTab)
RECORD_PANELS: Slot[RecordPanel] = Slot("record panel", RecordPanel)

_Part = TypeVar("_Part", RecordHead, RecordTab, RecordPanel)


def shown_of(parts: Iterable[_Part], object_type: ObjectType, actor: Actor) -> list[_Part]:
    """The parts of a record's page that are there for an actor, in order: what tells a field that
    is hidden is withheld here."""
    found = [
        one for one in parts if one.shows(object_type, actor) and not actor.hides_any(*one.tells)
    ]
    return sorted(found, key=lambda one: one.order)


@runtime_checkable
class StoryWriter(Protocol):
    """Who writes the story of records; ``timeline`` registers itself.

    Called inside an action, for many records at once: the entry becomes part of its transaction.
    """

    def write(
        self,
        actor: Actor,
        refs: Sequence[RecordRef],
        *,
        kind: str,
        payload: Mapping[str, Any],
        is_automatic: bool = False,
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class ImportField:
    """One field that a file may fill.

    ``reading`` is how its texts are read (kernel.readings): text, id, number or moment; ``read``
    is a reading of the room's own instead, to a text; ``by_column`` where one text says how another
    is meant, so that it wants to see all of them. A text that cannot be read makes its row fail; of
    a ``is_lenient`` field it is left out and counted. ``is_kept`` where the text is wanted as it
    was written, too. ``synonyms`` are what other systems call it, in small letters without signs,
    ``never`` what only begins like it; ``looks`` is a pattern of its texts, by which a column of
    another name is found. ``fills`` names the field of the record where it has another key
    (``title``), or of another kind of record (``company.domain``).
    """

    key: str
    label: Text
    reading: str = "text"
    synonyms: tuple[str, ...] = ()
    is_required: bool = False
    max_length: int = 400
    read: Callable[[Iterable[str]], Reading] | None = None
    by_column: bool = False
    is_kept: bool = False
    is_lenient: bool = False
    looks: str = ""
    never: tuple[str, ...] = ()
    fills: str = ""

    @property
    def is_read(self) -> bool:
        """Whether its texts are more than texts."""
        return self.read is not None or self.reading in READERS

    @property
    def is_read_alone(self) -> bool:
        """Whether each text is read by itself, as it comes; what is odd of a name of digits is
        put right when all have come."""
        return (self.read is not None and not self.by_column) or self.reading == "id"


@dataclass(frozen=True, slots=True)
class Staged:
    """A file whose rows stand in a temporary table, ready for set-based statements.

    ``table`` has ``line`` (from 1) and one column of text for each mapped field, NULL where the
    cell is empty: what was read of it where each text is read by itself (``KEY_written`` holds a
    text that is kept), else the text. For a field that is read by column, ``values`` names a table
    of ``raw``, ``value`` and ``fault``. Rows in ``faults`` (``line``, ``field``, ``code``) cannot
    be taken; an importer adds those that fall with them. Into ``results`` (``line``, ``verdict``,
    ``record_id``, ``note``) an importer writes what became of each other row: created, updated or
    skipped, and why. Of ``shortened`` fields a ``.0`` was left off at the end of all texts.
    ``step(share, message)`` tells how far it is and raises Cancelled.
    """

    table: str
    faults: str
    results: str
    file: str
    rows: int
    fields: frozenset[str]
    values: Mapping[str, str]
    currency: str
    time_zone: str
    source: str
    match: ImportMatch
    policy: ImportPolicy
    step: Callable[[float, str], None]
    shortened: frozenset[str] = frozenset()

    def reads(self, key: str) -> bool:
        """Whether a column of the file fills this field."""
        return key in self.fields


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in a file that its owner should know: a code, how often, in words, where."""

    code: str
    count: int
    message: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a file and what it does: ``changes`` are (field, old, new), for people."""

    line: int
    verdict: str
    name: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import came to, in rows of the file; with those that failed they are all rows.

    ``related`` counts records by kind and deed, ``figures`` are sums to compare with the source,
    ``samples`` a few rows of each verdict. ``merged`` of the skipped rows say something of the same
    record as an earlier row, and are joined with it. ``last`` writes what others must wait for
    meanwhile, when all else is done; a trial leaves it out.
    """

    created: int
    updated: int
    skipped: int
    related: Mapping[str, Mapping[str, int]]
    figures: Mapping[str, Any]
    notices: tuple[Notice, ...] = ()
    samples: tuple[Sample, ...] = ()
    merged: int = 0
    last: tuple[Callable[[], None], ...] = ()


@dataclass(frozen=True)
class Importer:
    """What one kind of file fills, and how.

    ``commit(actor, staged)`` writes what is staged, in the running action. ``revert(actor,
    change_set_id)`` takes back what a change set wrote, keeps what people changed since, and
    answers counts by kind. ``listings`` are tables about a change set that can be fetched
    afterwards: ``listing(actor, change_set_id) -> (header, rows)``. ``record_kind`` is what a row
    becomes; ``faults`` says in words why one cannot. ``has_policy`` where it asks how records that
    are here already are found and what becomes of them, ``has_amounts`` where it reads any.
    """

    kind: str
    label: Text
    permission: str
    fields: tuple[ImportField, ...]
    commit: Callable[[Actor, Staged], Outcome]
    revert: Callable[[Actor, int], Mapping[str, int]]
    listings: Mapping[str, Callable[[Actor, int], tuple[Sequence[str], Iterable[Sequence[Any]]]]]
    record_kind: str
    faults: Mapping[str, Text] = field(default_factory=dict)
    has_policy: bool = False
    has_amounts: bool = False
    are_rows_joined: bool = False

    def fields_for(self, actor: Actor) -> tuple[ImportField, ...]:
        """Those that an actor may fill: what fills a hidden field is not there."""
        return tuple(one for one in self.fields if not actor.hides(*self.fills(one)))

    def fills(self, one: ImportField) -> tuple[str, str]:
        """The kind of record and the key of its field that a column fills."""
        kind, _dot, key = one.fills.rpartition(".")
        return kind or self.record_kind, key or one.key

    def field(self, key: str) -> ImportField | None:
        """The field of this key."""
        return next((field for field in self.fields if field.key == key), None)


IMPORTERS: Slot[Importer] = Slot("importer", Importer)


@dataclass(frozen=True, slots=True)
class FirstOne:
    """A way to the first records of a kind, offered by its list while it has none."""

    label: Text
    url: str
    icon: str


@runtime_checkable
class FirstOnes(Protocol):
    """The ways that a room has to the first records of a kind, for what the actor may do."""

    def __call__(self, actor: Actor, object_type: ObjectType) -> Sequence[FirstOne]: ...


FIRST_ONES: Slot[FirstOnes] = Slot("ways to first records", FirstOnes)

STORY: Slot[StoryWriter] = Slot("story writer", StoryWriter)


@runtime_checkable
class MergeRule(Protocol):
    """What a room does with its rows of two records that become one, where it declared so: writes,
    in the running action, so that none points to the absorbed one any more."""

    def __call__(self, kind: str, survivor_id: int, absorbed_id: int) -> None: ...


@runtime_checkable
class PartRule(Protocol):
    """What a room does of its own with two records that were one, in the running action, when every
    row is back that can be. What they were stands in the rows that the merge kept."""

    def __call__(self, actor: Actor, event: MergeEvent) -> None: ...


@dataclass(frozen=True)
class MergedTable:
    """A table that points to records which are merged: what people call its rows, and the rule
    where the pointer is CUSTOM or KEEP_STRICTEST. ``also(rows)`` gives further rows that the rule
    may write, as querysets, by those that point to the two records. ``apart`` is the rule when the
    merge is taken back; where it is to know all rows of both as they were, they are
    ``is_kept_whole``: those too that the merge left alone."""

    label: Text
    rule: MergeRule | None = None
    also: Callable[[QuerySet[Any]], Sequence[QuerySet[Any]]] | None = None
    apart: PartRule | None = None
    is_kept_whole: bool = False


# By the label of the model: people.personemail.
MERGED_TABLES: Slot[MergedTable] = Slot("merged table", MergedTable)


@runtime_checkable
class MergeWarning(Protocol):
    """What somebody should know before two records become one; empty where nothing."""

    def __call__(self, actor: Actor, kind: str, one: int, other: int) -> Text: ...


MERGE_WARNINGS: Slot[MergeWarning] = Slot("merge warning", MergeWarning)


@dataclass(frozen=True)
class ErasedTable:
    """A table whose rows go, or lose what is personal, when a record is erased.

    Where rows stay (their pointer is BLANK or ANONYMISE), ``clears`` gives the columns to empty and
    what they hold then, ``keeps`` the texts that say nothing of anybody, ``because`` why the rows
    stay. ``further`` finds rows of the table that go too, though they point to nobody: by what
    else is known of the record (kind, ids). ``samples`` are keys of a JSON column under which rows
    of a file are shown: emptied where one of them names the record.
    """

    label: Text
    clears: Mapping[str, Any] = field(default_factory=dict)
    keeps: frozenset[str] = frozenset()
    because: Text = ""
    further: Callable[[str, Sequence[int]], Sequence[QuerySet[Any]]] | None = None
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tells: tuple[str, ...] = ()
    told: "Callable[[Traces], Sequence[QuerySet[Any]]] | None" = None


# By the label of the model: people.personemail.
ERASED_TABLES: Slot[ErasedTable] = Slot("erased table", ErasedTable)


@dataclass(frozen=True, slots=True)
class Traces:
    """What names somebody wherever it stands: mail addresses, phone numbers, full names, and the
    public ids of what goes."""

    addresses: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Erasable:
    """How records of a kind are erased. ``traces(ids)`` is what names them elsewhere, as far as it
    names nobody else; ``keys(traces)`` the keyed hashes by which they are known again."""

    traces: Callable[[Sequence[int]], Traces]
    keys: Callable[[Traces], Sequence[str]]


# By kind of record.
ERASABLE: Slot[Erasable] = Slot("erasable kind", Erasable)


@runtime_checkable
class Eraser(Protocol):
    """What a room does of its own before somebody is erased, in the same transaction.

    What names them must be in the database afterwards, where it is looked for, or gone.
    """

    def __call__(self, kind: str, ids: Sequence[int], traces: Traces) -> "OwnErasing | None": ...


@dataclass(frozen=True, slots=True)
class OwnErasing:
    """What a room erased that is in no table: ``deleted`` counts it by label, ``files`` are to be
    removed after the commit, by their paths among the files of the installation."""

    deleted: Mapping[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()


ERASERS: Slot[Eraser] = Slot("eraser", Eraser)


def without_hidden(actor: Actor, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by the keys of a kind's fields, without those that are not there for an actor."""
    hidden = object_type(kind).names_hidden(actor)
    return {key: value for key, value in values.items() if key not in hidden}


def object_type(kind: str) -> ObjectType:
    """The registered type of this kind; KeyError is a programming error."""
    found = OBJECT_TYPES.get(kind)
    if found is None:
        raise KeyError(kind)
    return found


def object_type_by_slug(slug: str) -> ObjectType | None:
    """The type whose pages and API resource carry this name."""
    return next((found for found in OBJECT_TYPES if found.slug == slug), None)


def tell_story(
    actor: Actor,
    refs: Sequence[RecordRef],
    *,
    kind: str,
    payload: Mapping[str, Any],
    is_automatic: bool = False,
) -> None:
    """Write one entry into the story of each of these records, in the running action."""
    for writer in STORY:
        writer.write(actor, refs, kind=kind, payload=payload, is_automatic=is_automatic)
