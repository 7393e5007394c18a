"""The NinjaAPI: every router, behind one way in and with one form of refusal."""

from ninja import NinjaAPI

from tandem.accounts.api import router as accounts_router
from tandem.api.entry import auth, entered
from tandem.api.parsing import StrictParser
from tandem.api.refusals import map_errors
from tandem.campaigns.api import router as campaigns_router
from tandem.consent.api import router as consent_router
from tandem.deals.api import deals as deals_router
from tandem.deals.api import pipelines as pipelines_router
from tandem.handoff.api import router as handoff_router
from tandem.insight.api import router as insight_router
from tandem.kernel.api import router as kernel_router
from tandem.measures.api import router as measures_router
from tandem.notifications.api import router as notifications_router
from tandem.people.api import companies as companies_router
from tandem.people.api import people as people_router
from tandem.records.api import (
    accesses_router,
    changes_router,
    erasures_router,
    exports_router,
    fields_router,
    imports_router,
    router_for,
)
from tandem.records.slots import OBJECT_TYPES
from tandem.revenue.api import router as revenue_router
from tandem.segments.api import router as segments_router
from tandem.timeline.api import router as timeline_router


def build_api() -> NinjaAPI:
    """The API with every router; built once when the routes are."""
    api = NinjaAPI(
        title="Tandem",
        version="1",
        description="Marketing and sales on one record of each customer.",
        urls_namespace="api",
        docs_url=None,
        openapi_url="/openapi.json",
        auth=auth,
        parser=StrictParser(),
    )
    api.add_decorator(entered, mode="view")
    map_errors(api)
    api.add_router("", accounts_router)
    api.add_router("", kernel_router)
    for object_type in OBJECT_TYPES:
        api.add_router(f"/{object_type.slug}", router_for(object_type))
    api.add_router("/people", people_router)
    api.add_router("/companies", companies_router)
    api.add_router("/deals", deals_router)
    api.add_router("/pipelines", pipelines_router)
    api.add_router("/segments", segments_router)
    api.add_router("/imports", imports_router)
    api.add_router("/fields", fields_router)
    api.add_router("/change-sets", changes_router)
    api.add_router("/exports", exports_router)
    api.add_router("/accesses", accesses_router)
    api.add_router("/erasures", erasures_router)
    api.add_router("/orders", revenue_router)
    api.add_router("/timeline", timeline_router)
    api.add_router("/notifications", notifications_router)
    api.add_router("/consents", consent_router)
    api.add_router("/metrics", measures_router)
    api.add_router("/attribution", insight_router)
    api.add_router("/campaigns", campaigns_router)
    api.add_router("/handoffs", handoff_router)
    return api
