"""All of DICOMweb as routers, and what they share while the process runs."""

from fastapi import APIRouter, FastAPI

from services.imaging.dicomweb.access import Desk
from services.imaging.dicomweb.deletion import deletion_router
from services.imaging.dicomweb.links import ROOT
from services.imaging.dicomweb.manifest import manifest_router
from services.imaging.dicomweb.originals import originals_router
from services.imaging.dicomweb.pixels.job import Undecodable, work
from services.imaging.dicomweb.retrieve.bulkdata import bulkdata_router
from services.imaging.dicomweb.retrieve.bulkdata_all import bulkdata_all_router
from services.imaging.dicomweb.retrieve.frames import frames_router
from services.imaging.dicomweb.retrieve.instances import retrieve_router
from services.imaging.dicomweb.retrieve.metadata import metadata_router
from services.imaging.dicomweb.retrieve.rendered import rendered_router
from services.imaging.dicomweb.search.routes import qido_router
from services.imaging.settings import ImagingSettings
from shared.sandbox import Sandbox

# Above what numpy and the codecs take: a multi-frame film rewritten whole needs its pixels some four times.
_MEMORY_BYTES = 2 << 30


def dicomweb_routers() -> list[APIRouter]:
    root = APIRouter(prefix=ROOT)
    for part in (
        qido_router(), metadata_router(), frames_router(), bulkdata_router(), rendered_router(), retrieve_router(),
        bulkdata_all_router(), deletion_router(),
    ):  # fmt: skip
        root.include_router(part)
    return [root, manifest_router(), originals_router()]


def open_desk(app: FastAPI, settings: ImagingSettings) -> None:
    """The sandbox's processes start at the first picture that needs one. ``close_desk`` ends them."""
    app.state.dicomweb = Desk(
        Sandbox(
            work,
            processes=settings.imaging_decoders,
            timeout_s=settings.imaging_decode_s,
            memory_bytes=_MEMORY_BYTES,
            expected=(Undecodable,),
        )
    )


async def close_desk(app: FastAPI) -> None:
    desk: Desk = app.state.dicomweb
    await desk.pixels.close()
