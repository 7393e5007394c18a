"""API of records: the resource of every kind, custom fields, and imports."""

from tandem.records.api.accesses import router as accesses_router
from tandem.records.api.changes import router as changes_router
from tandem.records.api.erasures import router as erasures_router
from tandem.records.api.fields import router as fields_router
from tandem.records.api.imports import router as imports_router
from tandem.records.api.kinds import router_for
from tandem.records.api.many import exports_router

__all__ = [
    "accesses_router",
    "changes_router",
    "erasures_router",
    "exports_router",
    "fields_router",
    "imports_router",
    "router_for",
]
