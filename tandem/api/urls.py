"""Routes of the API."""

from functools import partial

from django.urls import path, re_path

from tandem.api.api import build_api
from tandem.api.refusals import other_methods_refused, unknown_address

api = build_api()

_routes, _app, _namespace = api.urls
for _route in _routes:
    _view = _route.callback
    if _view is not None and not isinstance(_view, partial):  # Ninja's own description takes any
        _route.callback = other_methods_refused(_view)

urlpatterns = [
    path("", unknown_address),
    path("", (_routes, _app, _namespace)),
    re_path("", unknown_address),  # whatever else, line breaks in the address too
]
