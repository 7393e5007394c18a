"""Pages for what went wrong: what happened, the way on, and a trace number."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tandem.kernel.errors import DomainError, Unauthenticated
from tandem.ui.responses import Toast, is_fragment, trigger

Text = str | Promise
HTTP_SERVER_ERROR = 500


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The answer to a refused request: sign-in, a toast for htmx, else a page."""
    if isinstance(error, Unauthenticated):
        return _to_sign_in(request)
    if is_fragment(request):
        return _toast(str(error), status=error.status)
    return error_page(request, status=error.status, title=_title(error.status), message=str(error))


def error_page(
    request: HttpRequest, *, status: int, title: Text, message: Text = ""
) -> HttpResponse:
    """A whole page; for someone who is signed in it stands in the shell."""
    context = {"status": status, "title": title, "message": message}
    return HttpResponse(render_to_string("ui/error.html", context, request), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return _answer(request, 400, _("The browser sent something that cannot be read."))


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return _answer(request, 403, _("You do not have the right to do this."))


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return _answer(request, 404, _("The address is wrong, or what stood there is gone."))


def failed(request: HttpRequest) -> HttpResponse:
    """handler500."""
    message = _("This is a fault of Tandem, not yours. Nothing was saved.")
    if is_fragment(request):
        return _toast(message, status=HTTP_SERVER_ERROR)
    # Without the request: whatever failed may fail again in a context processor.
    context = {
        "status": HTTP_SERVER_ERROR,
        "title": _title(HTTP_SERVER_ERROR),
        "message": message,
        "trace": getattr(request, "trace", ""),
    }
    return HttpResponse(render_to_string("ui/failure.html", context), status=HTTP_SERVER_ERROR)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: mostly a page that stood open over a sign-out."""
    return _answer(
        request, 403, _("This page has been open for too long. Load it again and repeat the step.")
    )


def _answer(request: HttpRequest, status: int, message: str) -> HttpResponse:
    if is_fragment(request):
        return _toast(message, status=status)
    return error_page(request, status=status, title=_title(status), message=message)


def _toast(message: str, *, status: int) -> HttpResponse:
    response = HttpResponse(status=status, headers={"HX-Reswap": "none"})
    trigger(response, "toast", Toast(message, tone="bad").as_dict())
    return response


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    redirect = redirect_to_login(request.get_full_path())
    if is_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": redirect.url})
    return redirect


def _title(status: int) -> str:
    titles = {
        400: _("This request was not understood"),
        403: _("This is not yours to open"),
        404: _("There is nothing here"),
        409: _("Someone was faster"),
        422: _("This cannot be done"),
        429: _("A little too fast"),
        500: _("Something broke"),
        503: _("One part does not answer"),
    }
    return titles.get(status, _("This cannot be done"))
