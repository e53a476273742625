"""The laboratory centre: ``uvicorn --factory services.lab.app:create_app``."""

from fastapi import FastAPI

from services.lab.api.assessments import assessments_router
from services.lab.api.authorisations import authorisations_router
from services.lab.api.codes import codes_router
from services.lab.api.messages import message_log_router
from services.lab.api.orders import orders_router
from services.lab.api.orphans import orphans_router
from services.lab.api.quality_control import quality_control_router
from services.lab.api.results import results_router
from services.lab.api.rule_sets import rule_sets_router
from services.lab.api.senders import senders_router
from services.lab.api.specimens import specimens_router
from services.lab.api.trend import trend_router
from services.lab.api.verifications import verifications_router
from services.lab.intake.evidence import evidence_of
from services.lab.intake.message_routes import messages_router
from services.lab.intake.routes import intake_router
from services.lab.intake.standing import authorisation_of
from services.lab.metrics import LabMetrics
from services.lab.reading_form import LabReportForm
from services.lab.settings import LabSettings
from shared.reading.routes import Desks, ReadingMetrics, reading_router
from shared.reading.routes.quarantine import quarantine_router
from shared.resources import Resources
from shared.web import build_app


def create_app(settings: LabSettings | None = None, resources: Resources | None = None) -> FastAPI:
    metrics, form = ReadingMetrics("lab"), LabReportForm(evidence_of, authorisation_of)
    waiting = LabMetrics()
    desks = Desks(form)
    routers = [
        intake_router(),
        messages_router(),
        reading_router("lab", form, metrics, desks),
        verifications_router(desks, metrics),
        authorisations_router(),
        specimens_router(),
        orders_router(),
        results_router(),
        trend_router(),
        orphans_router(),
        codes_router(),
        message_log_router(),
        senders_router(),
        rule_sets_router(),
        quality_control_router(),
        assessments_router(),
        quarantine_router("lab"),
    ]
    return build_app(
        "lab",
        "共诊 区域检验中心",
        settings or LabSettings(),
        routers,
        resources=resources,
        metric_refreshers=lambda registry: [*metrics.register(registry), *waiting.register(registry)],
    )
