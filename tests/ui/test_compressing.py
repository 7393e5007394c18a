"""Pages and API answers travel compressed; files and what is small do not."""

import gzip

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from tandem.ui.middleware import CompressMiddleware

LONG = b"<p>The same sentence again and again.</p>" * 100


def answered(response: HttpResponseBase, *, accepts: str = "gzip, br") -> HttpResponseBase:
    request = RequestFactory().get("/", HTTP_ACCEPT_ENCODING=accepts)

    def answer(_request: HttpRequest) -> HttpResponseBase:
        return response

    found = CompressMiddleware(answer)(request)
    assert isinstance(found, HttpResponseBase)
    return found


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "text/csv"])
def test_text_travels_small_and_arrives_whole(kind):
    response = answered(HttpResponse(LONG, content_type=kind))
    assert response["Content-Encoding"] == "gzip"
    assert response["Vary"] == "Accept-Encoding"
    assert isinstance(response, HttpResponse)
    assert int(response["Content-Length"]) == len(response.content) < len(LONG) / 4
    assert gzip.decompress(response.content) == LONG


@pytest.mark.parametrize(
    ("response", "accepts"),
    [
        (HttpResponse(LONG, content_type="text/html"), "identity"),
        (HttpResponse(b"short", content_type="text/html"), "gzip"),
        (HttpResponse(LONG, content_type="image/png"), "gzip"),
        (HttpResponse(LONG, content_type="application/zip"), "gzip"),
    ],
    ids=["cannot read it", "short", "picture", "archive"],
)
def test_all_else_travels_as_it_is(response, accepts):
    content = response.content
    found = answered(response, accepts=accepts)
    assert "Content-Encoding" not in found
    assert isinstance(found, HttpResponse)
    assert found.content == content


def test_what_is_sent_while_it_is_made_is_left_alone(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(LONG)
    made = StreamingHttpResponse(iter([LONG]), content_type="text/csv")
    # The file is closed, not its answer: that would look for connections to close as well.
    with path.open("rb") as file:
        for response in (made, FileResponse(file, content_type="text/csv")):
            assert "Content-Encoding" not in answered(response)
