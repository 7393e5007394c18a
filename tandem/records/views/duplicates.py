"""What may be here twice: the queue, its answers, and a search on demand."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, retarget

from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.kernel.models import ProgressState
from tandem.kernel.progress import describe, progress_of
from tandem.records.actions import ask_for_search, keep_apart
from tandem.records.actions.duplicates import SEARCH
from tandem.records.models import DuplicatePair, MergeEvent
from tandem.records.queries.duplicates import last_merges, open_pairs, searched_kinds
from tandem.records.slots import ObjectType
from tandem.records.views.doors import record_page
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import Toast, is_fragment, render, see_other

SHOWN = 50
MERGES = 10
CERTAIN, LIKELY = 75, 55
# What the form for a new record calls those of which somebody said that they are not the same.
APART = "_apart"
MOST_APART, MAX_ID = 20, 36

REASONS = {
    "same_name": gettext_lazy("same name"),
    "words_turned": gettext_lazy("same words in the name"),
    "one_letter": gettext_lazy("names differ by one letter"),
    "two_letters": gettext_lazy("names differ by two letters"),
    "initial": gettext_lazy("initial and family name fit"),
    "part_of_name": gettext_lazy("one name is part of the other"),
    "same_first_name": gettext_lazy("same first name"),
    "like_name": gettext_lazy("names are partly alike"),
    "name_in_web": gettext_lazy("name and web domain fit"),
    "other_web": gettext_lazy("other web domain"),
    "same_phone": gettext_lazy("same phone"),
    "same_mail_name": gettext_lazy("same name before the @"),
    "same_domain": gettext_lazy("same mail domain"),
    "same_web": gettext_lazy("same web domain"),
    "same_company": gettext_lazy("same company"),
    "same_country": gettext_lazy("same country"),
    "other_company": gettext_lazy("other company"),
    "other_country": gettext_lazy("other country"),
    "other_phone": gettext_lazy("other phone"),
}


@dataclass(frozen=True)
class ShownPair:
    """A pair as the queue and the preview show it."""

    pair: DuplicatePair
    names: Sequence[tuple[str, str, str]]  # name, subtitle, address
    merge_url: str
    answer_url: str

    @property
    def reasons(self) -> str:
        return reasons_of(self.pair)

    @property
    def tone(self) -> str:
        """How sure it is, as a chip's tone."""
        if self.pair.score >= CERTAIN:
            return "ok"
        return "warn" if self.pair.score >= LIKELY else ""


@dataclass(frozen=True)
class ShownMerge:
    """Two records that were made one: what is left of them, and where they are made two again."""

    event: MergeEvent
    name: str
    url: str
    absorbed_name: str
    back_url: str


def reasons_of(pair: DuplicatePair) -> str:
    """Why two records look alike, in words."""
    return ", ".join(str(REASONS.get(one, one)) for one in pair.reasons)


@require_GET
@page(permission="records.merge")
def duplicates(request: ActorRequest) -> HttpResponseBase:
    kinds = searched_kinds(request.actor)
    if not kinds:
        raise Missing()
    kind = next((one for one in kinds if one.slug == request.GET.get("kind")), kinds[0])
    rows = open_pairs(request.actor, kind)
    search = _search(request)
    is_running = search is not None and search["state"] == ProgressState.RUNNING
    context = {
        "page_title": _("Duplicates"),
        "kind": kind,
        "tabs": [
            (one.slug, one.label_plural, open_pairs(request.actor, one).count(), one is kind)
            for one in kinds
        ],
        "pairs": shown_pairs(request, kind, list(rows[:SHOWN])),
        "merges": _shown_merges(request, kind),
        "search": search,
        "is_running": is_running,
    }
    if is_running or not is_fragment(request):
        return render(request, "records/duplicates.html", context, fragment="search")
    # The search has come to its end: not only how far it is, but all is new.
    words = _("The search has ended; this is what may be the same.")
    found = render(request, "records/duplicates.html", context, fragment="body", toast=Toast(words))
    return retarget(reswap(found, "outerHTML"), "#duplicates")


@require_GET
@record_page
def likely(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """Who may be about to be added once more, while the form is filled in."""
    request.actor.require(object_type.permissions.create)
    context = {
        "type": object_type,
        "page_title": _("Here already?"),
        "likely": likely_shown(
            request, object_type, request.GET.dict(), apart=request.GET.getlist(APART)
        ),
        "apart": [one for one in request.GET.getlist(APART)[:MOST_APART] if len(one) <= MAX_ID],
    }
    return render(request, "records/likely.html", context, fragment="likely")


def likely_shown(
    request: ActorRequest,
    kind: ObjectType,
    typed: Mapping[str, str],
    *,
    but: int = 0,
    apart: Collection[str] = (),
) -> list[tuple[str, str, str, str]]:
    """Name, subtitle, address and id of records that look like what was typed, but for those of
    which it was said that they are not the same."""
    alike = kind.merging.alike if kind.merging is not None else None
    if alike is None:
        return []
    found = alike.likely(request.actor, {key: text[:400] for key, text in typed.items()})
    return [
        (
            kind.name_of(one),
            kind.subtitle_for(request.actor, one),
            _url(kind, one),
            str(one.public_id),
        )
        for one in found
        if one.pk != but and str(one.public_id) not in apart
    ]


@require_POST
@record_page
def pair_apart(request: ActorRequest, object_type: ObjectType, pair_id: UUID) -> HttpResponseBase:
    keep_apart(request.actor, object_type, pair_id)
    toast = Toast(_("Not the same: nobody is asked again"), undo=last_change_set())
    return see_other(request, _queue(object_type), toast=toast)


@require_POST
@record_page
def duplicate_search(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    shown = ask_for_search(request.actor, object_type)
    if shown is None:
        toast = Toast(_("A search that somebody else has asked for is under way."))
        return see_other(request, _queue(object_type), toast=toast)
    return see_other(request, f"{_queue(object_type)}&job={shown}")


def _search(request: ActorRequest) -> Mapping[str, Any] | None:
    """The search that the page was asked to tell of, how far it is."""
    try:
        record = progress_of(request.actor, UUID(request.GET.get("job", "")))
    except (ValueError, Missing):
        return None
    return describe(record, now=timezone.now()) if record.kind == SEARCH else None


def _shown_merges(request: ActorRequest, kind: ObjectType) -> list[ShownMerge]:
    if not request.actor.may(kind.permissions.edit):
        return []
    events = list(last_merges(request.actor, kind)[:MERGES])
    survivors = kind.prepare(kind.visible_to(request.actor)).in_bulk(
        [event.survivor_id for event in events]
    )
    absorbed = kind.model._base_manager.in_bulk([event.absorbed_id for event in events])
    return [
        ShownMerge(
            event=event,
            name=kind.name_of(survivors[event.survivor_id]),
            url=_url(kind, survivors[event.survivor_id]),
            absorbed_name=kind.name_of(absorbed[event.absorbed_id]),
            back_url=reverse(
                "records:merge-event",
                args=[kind, survivors[event.survivor_id].public_id, event.public_id],
            ),
        )
        for event in events
        if event.survivor_id in survivors and event.absorbed_id in absorbed
    ]


def shown_pairs(
    request: ActorRequest, kind: ObjectType, pairs: Sequence[DuplicatePair]
) -> list[ShownPair]:
    """Pairs with the names of both; the older record first, which stays unless said otherwise."""
    ids = {pk for pair in pairs for pk in (pair.one_id, pair.other_id)}
    records = kind.prepare(kind.visible_to(request.actor)).in_bulk(ids)
    found = []
    for pair in pairs:
        one, other = records.get(pair.one_id), records.get(pair.other_id)
        if one is None or other is None:
            continue
        found.append(
            ShownPair(
                pair=pair,
                names=[
                    (kind.name_of(r), kind.subtitle_for(request.actor, r), _url(kind, r))
                    for r in (one, other)
                ],
                merge_url=reverse("records:merge", args=[kind, one.public_id])
                + f"?with={other.public_id}",
                answer_url=reverse("records:pair-apart", args=[kind, pair.public_id]),
            )
        )
    return found


def _url(kind: ObjectType, record: Any) -> str:
    return reverse("records:record", args=[kind, record.public_id])


def _queue(kind: ObjectType) -> str:
    return f"{reverse('records:duplicates')}?kind={kind.slug}"


navigation.register(
    NavItem(
        key="duplicates",
        label=gettext_lazy("Duplicates"),
        icon="copy",
        url_name="records:duplicates",
        section=Section.BOTH,
        order=90,
        permission="records.merge",
    )
)
