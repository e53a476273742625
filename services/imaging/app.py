"""The imaging centre: ``uvicorn --factory services.imaging.app:create_app``."""

from fastapi import FastAPI

from services.imaging.api.instances import instances_router
from services.imaging.intake.routes import intake_router
from services.imaging.reading_form import ImagingReportForm
from services.imaging.settings import ImagingSettings
from shared.reading.routes import ReadingMetrics, reading_router
from shared.reading.routes.quarantine import quarantine_router
from shared.resources import Resources
from shared.web import build_app


def create_app(settings: ImagingSettings | None = None, resources: Resources | None = None) -> FastAPI:
    metrics = ReadingMetrics("imaging")
    routers = [
        intake_router(),
        reading_router("imaging", ImagingReportForm(), metrics),
        instances_router(),
        quarantine_router("imaging"),
    ]
    return build_app(
        "imaging",
        "共诊 区域影像诊断中心",
        settings or ImagingSettings(),
        routers,
        resources=resources,
        metric_refreshers=metrics.register,
    )
