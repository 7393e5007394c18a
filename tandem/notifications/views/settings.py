"""How one wants to hear of what, in one's own settings."""

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from pydantic import BaseModel, create_model

from tandem.delivery.queries import why_nothing_goes
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.notifications.actions import change_preferences
from tandem.notifications.models import RHYTHM_LABELS
from tandem.notifications.queries import preferences_of, ways_of
from tandem.notifications.rules import Way
from tandem.notifications.schemas import ChangePreferences, Mailings
from tandem.notifications.slots import reasons
from tandem.ui import navigation
from tandem.ui.forms import Form, submit
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import Toast, render, see_other

WAYS = (
    (str(Way.MAIL), gettext_lazy("In the app and by mail")),
    (str(Way.APP), gettext_lazy("In the app")),
    (str(Way.OFF), gettext_lazy("Not at all")),
)
HOURS = [(str(hour), f"{hour:02d}:00") for hour in range(24)]

navigation.register(
    NavItem(
        key="own-notifications",
        label=gettext_lazy("Notifications"),
        icon="bell",
        url_name="notifications:settings",
        section=Section.SETTINGS,
        order=15,
        permission="notifications.view",
    )
)


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="notifications.view")
def own(request: ActorRequest) -> HttpResponseBase:
    schema, choices = _as_form(), _choices()
    form: Form[Any] = Form(schema, initial=_initial(request), choices=choices)
    if request.method == "POST":
        form = submit(schema, request.POST, choices=choices)
    with form.refusals():
        if form.is_submitted:
            change_preferences(request.actor, data=_read(form.value))
            toast = Toast(_("Saved"), undo=last_change_set())
            return see_other(request, reverse("notifications:settings"), toast=toast)
    context = {
        "form": form,
        "ways": [(one.label, form[f"way_{one.key}"]) for one in reasons()],
        "waiting": why_nothing_goes(),
        "address": getattr(request.user, "email", ""),
    }
    return render(request, "notifications/settings.html", context, status=form.status)


def _as_form() -> type[BaseModel]:
    """The schema with a field for each reason there is."""
    ways: dict[str, Any] = {f"way_{one.key}": (Way, one.way) for one in reasons()}
    return create_model("PreferencesForm", __base__=Mailings, **ways)


def _read(value: BaseModel) -> ChangePreferences:
    given = value.model_dump()
    ways = {one.key: given.pop(f"way_{one.key}") for one in reasons()}
    return ChangePreferences(ways=ways, **given)


def _initial(request: ActorRequest) -> dict[str, object]:
    chosen = preferences_of(request.actor.user_id)
    names = ("rhythm", "quiet_from", "quiet_until")
    return {
        **{name: getattr(chosen, name) for name in names},
        **{f"way_{key}": str(way) for key, way in ways_of(chosen).items()},
    }


def _choices() -> dict[str, Any]:
    return {
        "rhythm": RHYTHM_LABELS,
        "quiet_from": HOURS,
        "quiet_until": HOURS,
        **{f"way_{one.key}": WAYS for one in reasons()},
    }
