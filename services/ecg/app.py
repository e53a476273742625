"""The ECG centre: ``uvicorn --factory services.ecg.app:create_app``."""

from fastapi import FastAPI

from services.ecg.settings import EcgSettings
from shared.resources import Resources
from shared.web import build_app


def create_app(settings: EcgSettings | None = None, resources: Resources | None = None) -> FastAPI:
    return build_app("ecg", "共诊 区域心电诊断中心", settings or EcgSettings(), [], resources=resources)
