"""The imaging centre: ``uvicorn --factory services.imaging.app:create_app``."""

from fastapi import FastAPI

from services.imaging.api.instances import instances_router
from services.imaging.dicomweb.routes import close_desk, dicomweb_routers, open_desk
from services.imaging.dicomweb.store.routes import store_router
from services.imaging.intake.matching import matching_router
from services.imaging.intake.routes import intake_router
from services.imaging.reading_form import ImagingReportForm
from services.imaging.settings import ImagingSettings
from services.imaging.uploads.routes import uploads_router
from shared.reading.routes import ReadingMetrics, reading_router
from shared.reading.routes.quarantine import quarantine_router
from shared.resources import Resources
from shared.web import build_app


def create_app(settings: ImagingSettings | None = None, resources: Resources | None = None) -> FastAPI:
    settings = settings or ImagingSettings()
    metrics = ReadingMetrics("imaging")
    routers = [
        intake_router(),
        matching_router(),
        store_router(),
        uploads_router(),
        reading_router("imaging", ImagingReportForm(), metrics),
        instances_router(),
        quarantine_router("imaging"),
        *dicomweb_routers(),
    ]
    app = build_app(
        "imaging",
        "共诊 区域影像诊断中心",
        settings,
        routers,
        resources=resources,
        metric_refreshers=metrics.register,
        on_stop=close_desk,
    )
    open_desk(app, settings)
    return app
