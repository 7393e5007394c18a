"""Reads of forms, pages and what came in; the token that a form carries."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tandem.accounts.queries import scoped
from tandem.capture.errors import NotPublished, TokenExpired, TokenInvalid
from tandem.capture.models import (
    Form,
    Intake,
    LandingPage,
    Publication,
    Submission,
    SubmissionState,
)
from tandem.capture.rules import (
    SESSION_GAP,
    STEPS,
    TAKEN,
    AnswerType,
    Channel,
    Origin,
    Step,
    Touch,
    Visit,
    touches,
    visits_of,
)
from tandem.kernel.actor import Actor
from tandem.kernel.ids import new_public_id
from tandem.lake.queries import Counted, KnownEvent, events_of
from tandem.measures.rules import Unit
from tandem.measures.slots import EventMeasure, Measure, define
from tandem.records.queries.custom import custom_fields, shown_value
from tandem.records.rules import FieldType
from tandem.records.rules.custom import Definition, Option

Published = TypeVar("Published", Form, LandingPage)

TOKEN_LASTS = timedelta(hours=24)
_SALT = "tandem.capture.form"


# --- what the actor may see -----------------------------------------------------------------------


def forms_visible_to(actor: Actor) -> QuerySet[Form]:
    """Forms belong to nobody: who may look at forms sees all of them."""
    rows = Form.objects.filter(deleted_at__isnull=True)
    return rows if actor.may("capture.view") else rows.none()


def pages_visible_to(actor: Actor) -> QuerySet[LandingPage]:
    """Landing pages belong to nobody: who may look at pages sees all of them."""
    rows = LandingPage.objects.filter(deleted_at__isnull=True)
    return rows if actor.may("capture.view") else rows.none()


def submissions_visible_to(actor: Actor) -> QuerySet[Submission]:
    """Submissions of the people whom the actor sees; what was kept aside, for who may judge it."""
    rows = Submission.objects.filter(deleted_at__isnull=True)
    if not actor.may("capture.view"):
        return rows.none()
    rows = scoped(rows, actor, kind="person", owner_field="person__owner")
    if actor.may("capture.moderate"):
        return rows
    return rows.filter(state=SubmissionState.ACCEPTED, person__deleted_at__isnull=True)


def prepare_pages(rows: QuerySet[LandingPage]) -> QuerySet[LandingPage]:
    """With their forms: no query more."""
    return rows.select_related("form")


def prepare_submissions(rows: QuerySet[Submission]) -> QuerySet[Submission]:
    """With form, page and person: no query more."""
    return rows.select_related("form", "page", "person")


def search_named(rows: QuerySet[Published], text: str) -> QuerySet[Published]:
    """Forms or pages by a part of their name or address."""
    return rows.filter(Q(name__icontains=text) | Q(slug__icontains=text)).order_by("name", "pk")


def search_submissions(rows: QuerySet[Submission], text: str) -> QuerySet[Submission]:
    """Submissions by a part of the address or the person's name."""
    found = Q(address__icontains=text) | Q(person__search_key__contains=text.lower())
    return rows.filter(found).order_by("-at", "-pk")


def submissions_of(actor: Actor, record: Form | LandingPage) -> QuerySet[Submission]:
    """What came in by a form or page, of what the actor sees."""
    rows = submissions_visible_to(actor)
    return rows.filter(form=record) if isinstance(record, Form) else rows.filter(page=record)


def submission_counts(actor: Actor, form_ids: Sequence[int]) -> Mapping[int, int]:
    """How many accepted submissions the actor sees of each form; one query."""
    return dict(
        submissions_visible_to(actor)
        .filter(form_id__in=form_ids, state=SubmissionState.ACCEPTED)
        .order_by()
        .values_list("form_id")
        .annotate(Count("pk"))
    )


# --- questions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a form as it is asked. ``control`` says how it is answered: an answer type,
    ``date``, ``choices`` or ``link``; ``field`` is the person's custom field that it fills."""

    key: str
    label: str
    control: str
    required: bool
    max_length: int | None = None
    options: Sequence[Option] = ()
    field: Definition | None = None


_CONTROLS = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "number",
    FieldType.MONEY: "number",
    FieldType.DATE: "date",
    FieldType.CHOICE: "choice",
    FieldType.CHOICES: "choices",
    FieldType.LINK: "link",
    FieldType.BOOLEAN: "tick",
}


def fields_to_ask() -> dict[str, Definition]:
    """The custom fields of persons that a form may ask for, by key; colleagues are not asked."""
    return {one.key: one for one in custom_fields("person") if one.type in _CONTROLS}


def questions_of(form: Form) -> list[Question]:
    """The questions of a form in order; one for a field that is retired is not asked any more."""
    asked = [_question(raw) for raw in form.fields]
    return [one for one in asked if one is not None]


def _question(raw: Mapping[str, Any]) -> Question | None:
    question = Question(
        key=raw["key"],
        label=raw["label"],
        control=raw["type"],
        required=bool(raw.get("required")),
        max_length=raw.get("max_length"),
        options=[Option(value=one, label=one) for one in raw.get("options", ())],
    )
    if question.control != AnswerType.FIELD:
        return question
    field = fields_to_ask().get(question.key)
    if field is None:
        return None
    unit = f" ({field.currency})" if field.currency else ""
    return replace(
        question,
        label=f"{question.label}{unit}",
        control=_CONTROLS[field.type],
        options=[one for one in field.options if not one.is_retired],
        field=replace(field, is_required=question.required),
    )


def answered(
    submission: Submission, answers: Mapping[str, Any], *, tells_questions: bool = True
) -> list[tuple[str, str]]:
    """Question and answer in words, in the order of the form; those of questions gone come last.
    ``answers`` are those that who reads may see; who sees no questions is told the keys."""
    questions = questions_of(submission.form) if tells_questions else ()
    asked = {one.key: one for one in questions}
    order = {key: number for number, key in enumerate(asked)}
    keys = sorted(answers, key=lambda key: order.get(key, len(order)))
    return [
        (asked[key].label if key in asked else key, _said(asked.get(key), answers[key]))
        for key in keys
    ]


def _said(question: Question | None, answer: Any) -> str:
    if question is not None and question.field is not None:
        return shown_value(question.field, answer, {})
    if isinstance(answer, bool):
        return gettext("yes") if answer else gettext("no")
    if isinstance(answer, list):
        return ", ".join(answer)
    return str(answer)


# --- what the public sees -------------------------------------------------------------------------


def published_form(actor: Actor, slug: str) -> Form:
    """The form at /f/SLUG; drafts for colleagues only. Raises NotPublished."""
    return _published(Form.objects.all(), actor, slug)


def published_page(actor: Actor, slug: str) -> LandingPage:
    """The page at /p/SLUG, with its form; drafts for colleagues only. Raises NotPublished."""
    return _published(LandingPage.objects.select_related("form"), actor, slug)


def _published(rows: QuerySet[Published], actor: Actor, slug: str) -> Published:
    found = rows.filter(slug=slug, deleted_at__isnull=True).first()
    if found is None or (found.status != Publication.PUBLISHED and not actor.may("capture.view")):
        raise NotPublished()
    return found


@dataclass(frozen=True, slots=True)
class FormToken:
    """What a form carries, signed: which form on which page, when shown, where its reader came
    from. ``nonce`` is good for one submission."""

    form: UUID
    page: UUID | None
    nonce: UUID
    at: datetime
    origin: Origin


def signed_token(form: Form, page: LandingPage | None, origin: Origin) -> str:
    """A fresh token for one showing of a form."""
    return signing.dumps(
        {
            "f": form.public_id.hex,
            "p": page.public_id.hex if page else "",
            "n": new_public_id().hex,
            "t": int(timezone.now().timestamp() * 1000),
            "o": {name: value for name, value in asdict(origin).items() if value},
        },
        salt=_SALT,
        compress=True,
    )


def read_token(text: str) -> FormToken:
    """The token that a form brought back. Raises TokenInvalid, TokenExpired."""
    try:
        raw = signing.loads(text, salt=_SALT, max_age=TOKEN_LASTS)
    except signing.SignatureExpired as error:
        raise TokenExpired() from error
    except signing.BadSignature as error:
        raise TokenInvalid() from error
    return FormToken(
        form=UUID(raw["f"]),
        page=UUID(raw["p"]) if raw["p"] else None,
        nonce=UUID(raw["n"]),
        at=datetime.fromtimestamp(raw["t"] / 1000, UTC),
        origin=_origin(raw["o"]),
    )


def origin_in(text: str) -> Origin:
    """The origin in a token of ours, however old; an unknown one in what is not ours."""
    try:
        raw = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        return Origin()
    return _origin(raw["o"])


def _origin(raw: Mapping[str, str]) -> Origin:
    return Origin(**{**raw, "channel": Channel(raw["channel"])})  # type: ignore[arg-type]


# --- touches --------------------------------------------------------------------------------------


def touches_of(person_ids: Sequence[int]) -> Mapping[int, list[Touch]]:
    """The touches of persons in order of time, from their forms and their visits since consent.

    A form within a visit is one touch with it. Two queries; ask for persons whom the reader sees.
    """
    forms: dict[int, list[Touch]] = {}
    rows = Submission.objects.filter(
        person_id__in=person_ids, state=SubmissionState.ACCEPTED, deleted_at__isnull=True
    ).order_by("at", "pk")
    for row in rows:
        forms.setdefault(row.person_id or 0, []).append(_touch_of_form(row))
    events = events_of("person", person_ids)
    return {
        person_id: touches(
            _visits(events.get(person_id, ())),
            forms.get(person_id, ()),
        )
        for person_id in sorted({*forms, *events})
    }


def _visits(events: Sequence[KnownEvent]) -> list[Visit]:
    by_visitor: dict[str, list[Touch]] = {}
    for event in events:
        by_visitor.setdefault(event.visitor, []).append(_touch_of_event(event))
    return [visit for found in by_visitor.values() for visit in visits_of(found)]


def _touch_of_form(row: Submission) -> Touch:
    return Touch(
        at=row.at,
        channel=row.channel or str(Channel.UNKNOWN),
        source=row.utm_source,
        medium=row.utm_medium,
        campaign=row.utm_campaign,
        url=row.url,
        referrer=row.referrer,
        kind="form",
    )


def _touch_of_event(event: KnownEvent) -> Touch:
    return Touch(
        at=event.at,
        channel=event.channel or str(Channel.UNKNOWN),
        source=event.source,
        medium=event.medium,
        campaign=event.campaign,
        url=event.url,
        referrer=event.referrer,
        kind="visit",
    )


# --- what became of events ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Passed:
    """What came to a step of the collector, and what it dropped, by reason."""

    step: Step
    came: int
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Collected:
    """What the collector did since a moment: by step, and what was taken in each hour."""

    steps: Sequence[Passed]
    taken: int
    hours: Sequence[tuple[datetime, int, int]]  # the hour, taken, dropped

    @property
    def dropped(self) -> int:
        """How many events, or requests that could not be read, were not taken."""
        return sum(count for one in self.steps for count in one.dropped.values())


def collected(actor: Actor, *, hours: int, now: datetime | None = None) -> Collected:
    """What came in during the last hours, the present one included; one query."""
    last = (now or timezone.now()).replace(minute=0, second=0, microsecond=0)
    span = [last - timedelta(hours=back) for back in range(hours - 1, -1, -1)]
    rows = Intake.objects.filter(hour__gte=span[0]) if actor.may("capture.view") else ()
    by_reason: dict[str, int] = {}
    taken, dropped = dict.fromkeys(span, 0), dict.fromkeys(span, 0)
    for row in rows:
        by_reason[row.reason] = by_reason.get(row.reason, 0) + row.count
        of = taken if row.reason == TAKEN else dropped
        of[row.hour] = of.get(row.hour, 0) + row.count
    return Collected(
        steps=_passed(by_reason),
        taken=by_reason.get(TAKEN, 0),
        hours=[(hour, taken[hour], dropped[hour]) for hour in span],
    )


def _passed(by_reason: Mapping[str, int]) -> list[Passed]:
    left = sum(by_reason.values())
    found = []
    for step, reasons in STEPS.items():
        dropped = {one: by_reason[one] for one in reasons if by_reason.get(one)}
        found.append(Passed(step, left, dropped))
        left -= sum(dropped.values())
    return found


# --- measures -------------------------------------------------------------------------------------


def accepted_submissions(actor: Actor) -> QuerySet[Submission]:
    """Submissions that count, of the people whom the actor sees."""
    return submissions_visible_to(actor).filter(state=SubmissionState.ACCEPTED)


EVENT_LABELS: Mapping[str, str | Promise] = {
    "page": _("Page opened"),
    "leave": _("Page left"),
    "outbound": _("Link to another site followed"),
    "download": _("File downloaded"),
    "form": _("Form sent on a page"),
    "consent": _("Agreed to be recognised"),
}
"""What the script of ours tells of; pages tell of more by names of their own."""

SENDERS = {"human": _("Human"), "machine": _("Machine"), "unknown": _("Unknown")}

_DIMENSIONS = {name: name for name in "campaign channel source medium page sender".split()}
_OF_EVENTS = {**_DIMENSIONS, "name": "name"}

define(
    EventMeasure(
        key="events",
        label=_("Events"),
        definition=_(
            "Stored events by the time at which they happened, without those of machines: crawlers,"
            " link scanners, automated browsers, as far as they say so."
        ),
        counts=Counted.EVENTS,
        dimensions=_OF_EVENTS,
        permission="measures.view",
        sees="capture.view",
        version=2,
    ),
    EventMeasure(
        key="events_of_all",
        label=_("Events of all senders"),
        definition=_(
            "Every stored event, human or machine, by the time at which it happened. Who sent it is"
            " judged by what the sender says of itself; the verdict is given anew when the rules"
            " learn more."
        ),
        counts=Counted.EVENTS,
        dimensions={**_OF_EVENTS, "reason": "reason"},
        permission="measures.view",
        sees="capture.view",
        with_machines=True,
    ),
    EventMeasure(
        key="visitors",
        label=_("Visitors"),
        definition=_(
            "Different browsers whose owners agreed to be recognised. Who did not agree cannot be"
            " told apart and is left out, and so are machines."
        ),
        counts=Counted.VISITORS,
        dimensions=_OF_EVENTS,
        permission="measures.view",
        sees="capture.view",
        version=2,
    ),
    EventMeasure(
        key="sessions",
        label=_("Visits"),
        definition=_(
            "Visits of browsers whose owners agreed to be recognised: a pause of 30 minutes ends"
            " one. A visit belongs to the day, channel and campaign of its first event. Machines"
            " make none."
        ),
        counts=Counted.SESSIONS,
        dimensions=_OF_EVENTS,
        permission="measures.view",
        sees="capture.view",
        version=2,
        pause=SESSION_GAP,
    ),
    EventMeasure(
        key="session_ends",
        label=_("Visits by where they ended"),
        definition=_(
            "Visits of browsers whose owners agreed to be recognised, by the day and page of their"
            " last event: a pause of 30 minutes ends one. Machines make none."
        ),
        counts=Counted.ENDS,
        dimensions=_OF_EVENTS,
        permission="measures.view",
        sees="capture.view",
        pause=SESSION_GAP,
    ),
    EventMeasure(
        key="page_views",
        label=_("Page views"),
        definition=_(
            "Pages that were opened, by people who agreed to be recognised and by those who did"
            " not. Machines count nowhere."
        ),
        counts=Counted.EVENTS,
        dimensions=_DIMENSIONS,
        permission="measures.view",
        sees="capture.view",
        only={"name": "page"},
    ),
    Measure(
        key="submissions",
        label=_("Forms sent"),
        definition=_(
            "Forms that were sent and accepted, with the campaign and channel that their own page"
            " told, consent or not."
        ),
        unit=Unit.COUNT,
        rows=accepted_submissions,
        at="at",
        aggregate=Count("id"),
        dimensions={
            "campaign": "utm_campaign",
            "channel": "channel",
            "source": "utm_source",
            "medium": "utm_medium",
            "form": "form__slug",
            "page": F("page__slug"),
        },
        fields={
            "campaign": "submission.utm_campaign",
            "channel": "submission.channel",
            "source": "submission.utm_source",
            "medium": "submission.utm_medium",
            "form": "form.slug",
            "page": "page.slug",
        },
        permission="measures.view",
    ),
)
