"""The company: settings, currency rates, holidays."""

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tandem.accounts import actions
from tandem.accounts.queries import base_currency, company_settings, holidays_from, rates
from tandem.accounts.schemas import (
    WEEK,
    CompanyInput,
    HolidayCalendar,
    HolidayInput,
    HolidayKey,
    RateInput,
    RateKey,
    WorkingHours,
)
from tandem.accounts.views import choices
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.ui.forms import Form, submit
from tandem.ui.responses import Toast, render, see_other

RATES_SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_company")
def company(request: ActorRequest) -> HttpResponseBase:
    picks = choices.of_company()
    if request.method == "POST":
        form = submit(CompanyInput, request.POST, choices=picks)
    else:
        form = Form(CompanyInput, initial=_settings(), choices=picks)
    with form.refusals():
        if form.is_submitted:
            actions.change_company_settings(request.actor, form.value)
            return _back(request, "accounts:company", _("Saved"))
    names = choices.day_names()
    days = [(name, form[f"working_hours.{day}"]) for name, day in zip(names, WEEK, strict=True)]
    return render(
        request, "accounts/company.html", {"form": form, "days": days}, status=form.status
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_company")
def currency_rates(request: ActorRequest) -> HttpResponseBase:
    base = base_currency()
    others = [pair for pair in choices.of_currencies() if pair[0] != base]
    picks = {"currency": others}
    if request.method == "POST":
        form = submit(RateInput, request.POST, choices=picks)
    else:
        usual = "EUR" if base != "EUR" else "USD"
        first = {"currency": usual, "date": timezone.localdate()}
        form = Form(RateInput, initial=first, choices=picks)
    with form.refusals():
        if form.is_submitted:
            actions.set_rates(request.actor, [form.value])
            return _back(request, "accounts:rates", _("Saved"))
    context = {"form": form, "rates": rates()[:RATES_SHOWN], "base": base}
    return render(request, "accounts/rates.html", context, status=form.status)


@require_POST
@page(permission="accounts.manage_company")
def rate_removal(request: ActorRequest) -> HttpResponseBase:
    chosen = submit(RateKey, request.POST).value
    actions.remove_rate(request.actor, currency=chosen.currency, date=chosen.date)
    return _back(request, "accounts:rates", _("The rate is removed"))


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_company")
def holidays(request: ActorRequest) -> HttpResponseBase:
    form = submit(HolidayInput, request.POST) if request.method == "POST" else Form(HolidayInput)
    with form.refusals():
        if form.is_submitted:
            actions.set_holidays(request.actor, [form.value])
            return _back(request, "accounts:holidays", _("Saved"))
    return _holidays(request, form, _calendar_form())


@require_POST
@page(permission="accounts.manage_company")
def holiday_calendar(request: ActorRequest) -> HttpResponseBase:
    form = submit(HolidayCalendar, request.POST, choices={"country": choices.of_countries()})
    with form.refusals():
        if form.is_submitted:
            days = actions.fill_holidays(request.actor, form.value)
            text = ngettext("%(days)d holiday is in", "%(days)d holidays are in", days)
            return _back(request, "accounts:holidays", text % {"days": days})
    return _holidays(request, Form(HolidayInput), form)


@require_POST
@page(permission="accounts.manage_company")
def holiday_removal(request: ActorRequest) -> HttpResponseBase:
    chosen = submit(HolidayKey, request.POST).value
    actions.remove_holiday(request.actor, date=chosen.date)
    return _back(request, "accounts:holidays", _("The holiday is removed"))


def _holidays(
    request: ActorRequest, form: Form[HolidayInput], calendar_form: Form[HolidayCalendar]
) -> HttpResponseBase:
    this_year = timezone.localdate().replace(month=1, day=1)
    context = {
        "form": form,
        "calendar_form": calendar_form,
        "holidays": holidays_from(this_year),
    }
    status = max(form.status, calendar_form.status)
    return render(request, "accounts/holidays.html", context, status=status)


def _calendar_form() -> Form[HolidayCalendar]:
    initial = {"country": company_settings().default_country, "year": timezone.localdate().year}
    return Form(HolidayCalendar, initial=initial, choices={"country": choices.of_countries()})


def _settings() -> dict[str, object]:
    settings = company_settings()
    values: dict[str, object] = {
        name: getattr(settings, name)
        for name in CompanyInput.model_fields
        if name != "working_hours"
    }
    hours = WorkingHours.from_week(settings.working_hours)
    return {**values, "working_hours": hours.model_dump()}


def _back(request: ActorRequest, to: str, text: str) -> HttpResponseBase:
    return see_other(request, reverse(to), toast=Toast(text, undo=last_change_set()))
