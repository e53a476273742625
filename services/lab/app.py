"""The laboratory centre: ``uvicorn --factory services.lab.app:create_app``."""

from fastapi import FastAPI

from services.lab.settings import LabSettings
from shared.resources import Resources
from shared.web import build_app


def create_app(settings: LabSettings | None = None, resources: Resources | None = None) -> FastAPI:
    return build_app("lab", "共诊 区域检验中心", settings or LabSettings(), [], resources=resources)
