"""A fault of ours: the API answers it in its own form, pages show theirs."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from tandem.ui import error_pages


def failed(request: HttpRequest) -> HttpResponseBase:
    """Answer an unexpected error; nothing of it is said but the trace number."""
    if not request.path.startswith("/api/"):
        return error_pages.failed(request)
    trace = getattr(request, "trace", "")
    message = _("This is a fault of ours. Say the trace %(trace)s to your administrator.")
    body = {"code": "internal_error", "message": message % {"trace": trace}, "errors": []}
    return JsonResponse(body, status=500)
