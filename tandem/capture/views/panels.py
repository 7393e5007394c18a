"""What stands in and beside forms, pages and submissions: questions, answers, what came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from tandem.capture import queries
from tandem.capture.models import Form, LandingPage, Submission, SubmissionState
from tandem.capture.rules import Suspicion
from tandem.kernel.actor import Actor
from tandem.records.slots import (
    FIRST_ONES,
    RECORD_PANELS,
    RECORD_TABS,
    FirstOne,
    ObjectType,
    Text,
    without_hidden,
)

SHOWN = 50
# The field that the first tab shows.
CONTENT = {"form": "fields", "page": "blocks"}
SUSPICION_LABELS = {
    Suspicion.TRAP: gettext_lazy("a field was filled in that people do not see"),
    Suspicion.FAST: gettext_lazy("it was sent sooner than anyone types"),
    Suspicion.LINKS: gettext_lazy("it holds links"),
}


class ContentTab:
    """The first tab: a form's questions, a page's body, the answers of a submission."""

    key = "content"
    label: Text = gettext_lazy("Content")
    order = 4
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        kind = object_type.kind
        return kind == "submission" or (kind in CONTENT and not actor.hides(kind, CONTENT[kind]))

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        context: dict[str, Any] = {"record": record, "kind": object_type.kind}
        if isinstance(record, Submission):
            context["answers"] = queries.answered(
                record,
                without_hidden(actor, "person", record.answers),
                tells_questions=not actor.hides("form", "fields"),
            )
            hides_state = actor.hides("submission", "state")
            context["is_aside"] = record.state == SubmissionState.QUARANTINED and not hides_state
            context["suspicions"] = [SUSPICION_LABELS[Suspicion(one)] for one in record.suspicions]
        elif actor.may("capture.edit"):
            name = "capture:questions" if object_type.kind == "form" else "capture:body"
            context["edit_url"] = reverse(name, args=[record.public_id])
        return SafeString(render_to_string("capture/content.html", context, request=request))


@dataclass(frozen=True, slots=True)
class Came:
    """One submission as the list of a form or page shows it."""

    found: Submission
    name: str
    url: str


class SubmissionsTab:
    """What came in by a form or page, newest first."""

    key = "submissions"
    label: Text = gettext_lazy("Submissions")
    order = 5
    tells: tuple[str, ...] = (
        "submission.at",
        "submission.channel",
        "submission.utm_campaign",
        "submission.page",
        "submission.state",
    )

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in ("form", "page")

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return int(queries.submissions_of(actor, record).count())

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        rows = queries.prepare_submissions(queries.submissions_of(actor, record))
        found = list(rows.order_by("-at", "-pk")[: SHOWN + 1])
        context = {
            "came": [
                Came(
                    one,
                    one.person.name if one.person else one.address,
                    reverse("records:record", args=["submissions", one.public_id]),
                )
                for one in found[:SHOWN]
            ],
            "has_more": len(found) > SHOWN,
            "list_url": reverse("records:list", args=["submissions"]),
        }
        return SafeString(render_to_string("capture/came.html", context, request=request))


class PublicPanel:
    """Beside a form or page: its address on the web."""

    order = 10
    in_peek = True
    tells: tuple[str, ...] = ("form.slug", "form.status", "page.slug", "page.status", "page.form")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in ("form", "page")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        name = "capture:form" if isinstance(record, Form) else "capture:page"
        path = reverse(name, args=[record.slug])
        pages: list[tuple[LandingPage, str]] = []
        if isinstance(record, Form):
            shown_on = queries.pages_visible_to(request.actor).filter(form=record)  # type: ignore[attr-defined]
            pages = [
                (page, reverse("records:record", args=["pages", page.public_id]))
                for page in shown_on.order_by("name")[:10]
            ]
        context = {
            "record": record,
            "url": request.build_absolute_uri(path),
            "pages": pages,
            "is_form": isinstance(record, Form),
        }
        return SafeString(render_to_string("capture/public_panel.html", context, request=request))


class SenderPanel:
    """Beside a submission: who sent it, and by what."""

    order = 10
    in_peek = True
    tells: tuple[str, ...] = ("submission.person", "submission.page", "submission.form")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "submission"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        rows = [
            (thing, reverse("records:record", args=[slug, thing.public_id]), slug)
            for thing, slug in (
                (record.person, "people"),
                (record.page, "pages"),
                (record.form, "forms"),
            )
            if thing is not None
        ]
        return SafeString(render_to_string("capture/sender.html", {"rows": rows}, request=request))


def forms_first(actor: Actor, object_type: ObjectType) -> Sequence[FirstOne]:
    """People and what they send in come by a form on a page."""
    if object_type.kind not in ("person", "submission") or not actor.may("capture.create"):
        return ()
    return (FirstOne(gettext_lazy("Make a form"), reverse("records:new", args=["forms"]), "forms"),)


FIRST_ONES.register("capture.forms", forms_first)
RECORD_TABS.register("capture.content", ContentTab())
RECORD_TABS.register("capture.submissions", SubmissionsTab())
RECORD_PANELS.register("capture.public", PublicPanel())
RECORD_PANELS.register("capture.sender", SenderPanel())
