"""The ends of a request: a trace number for everything, an answer for every refusal, and pages
that travel small."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from tandem.kernel.context import logging_as
from tandem.kernel.errors import DomainError
from tandem.kernel.ids import new_public_id
from tandem.ui.error_pages import refusal

TRACE_HEADER = "X-Trace"
GetResponse = Callable[[HttpRequest], HttpResponseBase]


def short_trace(trace: str) -> str:
    """The last eight figures, as a person can read them out: `7F3A-91C2`."""
    figures = trace.replace("-", "")[-8:].upper()
    return f"{figures[:4]}-{figures[4:]}"


class TraceMiddleware:
    """Gives each request a number that stands in its log lines, its answer and its error page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = str(new_public_id())
        request.trace = short_trace(number)  # type: ignore[attr-defined]
        with logging_as(request=number, trace=short_trace(number)):
            response = self.get_response(request)
        response[TRACE_HEADER] = short_trace(number)
        return response


class CompressMiddleware(GZipMiddleware):
    """Compresses what is text, where the caller can read that: a list of 67 kB travels as ten.

    Files are left alone (most are compressed already), and so is what is sent while it is made.
    Django pads each answer by a random length, so that its size does not tell what stands in it.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "")
        if response.streaming or not kind.startswith(("text/", "application/json")):
            return response
        return super().process_response(request, response)


class RefusalMiddleware:
    """Turns a DomainError of a view into a page, or into a toast where htmx asked."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refusal(request, exception) if isinstance(exception, DomainError) else None
