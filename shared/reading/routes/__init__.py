"""The calls of CONTRACT.md that every centre has, for ``app.include_router``.

``reading_router(center, form, metrics)`` under ``/{center}/v1``; ``ReadingMetrics(center).register`` for ``build_app``.
"""

from fastapi import APIRouter

from shared.reading.form import ReportForm
from shared.reading.routes.cases import case_routes
from shared.reading.routes.claims import claim_routes
from shared.reading.routes.criticals import critical_routes
from shared.reading.routes.drafts import draft_routes
from shared.reading.routes.metrics import ReadingMetrics
from shared.reading.routes.problems import PROBLEMS
from shared.reading.routes.signing import Desks, signing_routes

__all__ = ["Desks", "ReadingMetrics", "reading_router"]


def reading_router(
    center: str, form: ReportForm, metrics: ReadingMetrics | None = None, desks: Desks | None = None
) -> APIRouter:
    """One desk serves the router's whole life: its grants are known to the process, its threads are few. ``desks``:
    given where other routes of the centre sign too."""
    router = APIRouter(prefix=f"/{center}/v1", tags=["reading"], responses=PROBLEMS)
    case_routes(router)
    claim_routes(router, center)
    draft_routes(router, center, form)
    critical_routes(router)
    signing_routes(router, desks or Desks(form), metrics or ReadingMetrics(center))
    return router
