"""The ECG centre: ``uvicorn --factory services.ecg.app:create_app``."""

from fastapi import FastAPI

from services.ecg.api.dicom import dicom_router
from services.ecg.api.priors import priors_router
from services.ecg.api.recordings import recordings_router
from services.ecg.intake.judge import judge
from services.ecg.intake.routes import intake_router
from services.ecg.reading_form import EcgReportForm
from services.ecg.settings import EcgSettings
from shared.reading.routes import ReadingMetrics, reading_router
from shared.reading.routes.quarantine import quarantine_router
from shared.resources import Resources
from shared.sandbox import Sandbox
from shared.web import build_app

_JUDGE_BYTES = 512 << 20  # above what numpy and scipy take; the largest recording allowed needs about half


def create_app(settings: EcgSettings | None = None, resources: Resources | None = None) -> FastAPI:
    settings = settings or EcgSettings()
    metrics = ReadingMetrics("ecg")
    routers = [
        intake_router(),
        reading_router("ecg", EcgReportForm(), metrics),
        recordings_router(),
        priors_router(),
        dicom_router(),
        quarantine_router("ecg"),
    ]

    async def start(app: FastAPI) -> None:
        app.state.judge = Sandbox(
            judge, processes=settings.ecg_judges, timeout_s=settings.ecg_judge_s, memory_bytes=_JUDGE_BYTES
        )
        await app.state.judge.warm()

    async def stop(app: FastAPI) -> None:
        await app.state.judge.close()

    return build_app(
        "ecg",
        "共诊 区域心电诊断中心",
        settings,
        routers,
        resources=resources,
        metric_refreshers=metrics.register,
        on_start=start,
        on_stop=stop,
    )
