"""Settings, Mail: from whom mails come, what waits and why, a test."""

from django.conf import settings
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tandem.delivery import queries
from tandem.delivery.actions import change_mail_settings, send_test
from tandem.delivery.errors import MailServerInvalid
from tandem.delivery.models import STATE_LABELS
from tandem.delivery.rules import MessageState, mail_server
from tandem.delivery.schemas import MailSettingsInput, MailTest
from tandem.delivery.views.words import reason_words
from tandem.kernel.doors import ActorRequest, page
from tandem.ui.forms import Form, submit
from tandem.ui.responses import Toast, render, see_other


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="delivery.operate")
def mail(request: ActorRequest) -> HttpResponseBase:
    chosen = queries.mail_settings()
    names = ("from_name", "from_address", "imprint")
    initial = {name: getattr(chosen, name) for name in names}
    form = Form(MailSettingsInput, initial=initial)
    if request.method == "POST":
        form = submit(MailSettingsInput, request.POST)
    with form.refusals():
        if form.is_submitted:
            change_mail_settings(request.actor, data=form.value)
            return see_other(request, reverse("delivery:mail"), toast=Toast(_("Saved")))
    return _shown(request, form, Form(MailTest))


@require_POST
@page(permission="delivery.operate")
def test(request: ActorRequest) -> HttpResponseBase:
    form = submit(MailTest, request.POST)
    with form.refusals():
        if form.is_submitted:
            made = send_test(request.actor, data=form.value)
            link = reverse("records:record", args=["messages", made.public_id])
            toast = Toast(_("The test is on its way"), link=link)
            return see_other(request, reverse("delivery:mail"), toast=toast)
    return _shown(request, Form(MailSettingsInput), form)


def _shown(
    request: ActorRequest, form: Form[MailSettingsInput], test_form: Form[MailTest]
) -> HttpResponseBase:
    figures = queries.tally()
    try:
        server = mail_server(settings.SMTP_URL)
    except MailServerInvalid:
        server = None
    context = {
        "form": form,
        "test_form": test_form,
        "server": server,
        "sender": queries.sender(),
        "waiting": queries.why_nothing_goes(),
        "figures": [
            (STATE_LABELS[state], figures[state]) for state in MessageState if figures[state]
        ],
        "total": sum(figures.values()),
        "reasons": [
            (reason_words(reason), number)
            for reason, number in sorted(queries.withheld_by_reason().items())
        ],
        "own_address": _own_address(request),
    }
    status = max(form.status, test_form.status)
    return render(request, "delivery/settings.html", context, status=status)


def _own_address(request: ActorRequest) -> str:
    return str(getattr(request.user, "email", ""))
