"""API of records: the resource of every kind, and imports."""

from tandem.records.api.imports import router as imports_router
from tandem.records.api.kinds import router_for

__all__ = ["imports_router", "router_for"]
