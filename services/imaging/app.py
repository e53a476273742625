"""The imaging centre: ``uvicorn --factory services.imaging.app:create_app``."""

from fastapi import FastAPI

from services.imaging.api.instances import instances_router
from services.imaging.api.quarantine import quarantine_router
from services.imaging.intake.routes import intake_router
from services.imaging.settings import ImagingSettings
from shared.resources import Resources
from shared.web import build_app


def create_app(settings: ImagingSettings | None = None, resources: Resources | None = None) -> FastAPI:
    routers = [intake_router(), instances_router(), quarantine_router()]
    return build_app("imaging", "共诊 区域影像诊断中心", settings or ImagingSettings(), routers, resources=resources)
