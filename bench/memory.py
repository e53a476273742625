"""Peak resident memory of each process of the region (VmHWM, Linux), and its growth under one large upload."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

from bench.figures import Figure
from tests.support.films import order, small_film
from tests.support.region import RunningRegion

_CHUNK = 1 << 20


def peaks(region: RunningRegion) -> list[Figure]:
    figures = []
    for child in psutil.Process(region.process.pid).children():
        peak = _peak_mb(child.pid)
        if peak is not None:
            figures.append(Figure(f"peak memory of {_name(child.cmdline())}", f"{peak:.0f} MB"))
    return figures


def large_upload(region: RunningRegion, size_mb: int = 2000) -> list[Figure]:
    """One multi-frame film of ``size_mb``, streamed; never whole in this process either."""
    pid = region.pid("imaging")
    before = _peak_mb(pid) or 0.0
    clinic = region.person("clinic1")
    answer = httpx.post(
        f"{region.url}/imaging/v1/cases",
        headers={
            "Authorization": f"Bearer {clinic.token}",
            "Content-Type": "multipart/form-data; boundary=gongzhen-bench",
        },
        content=_body(size_mb),
        timeout=600,
        trust_env=False,
    )
    grown = (_peak_mb(pid) or 0.0) - before
    note = f"answered {answer.status_code}"
    return [Figure(f"imaging grows by, one upload of {size_mb} MB", f"{grown:.0f} MB", "≤ 200 MB", note)]


def _body(size_mb: int) -> Iterator[bytes]:
    """A film whose pixel data go on: the header says ``size_mb`` frames of 1 MB each."""
    frames = size_mb
    small = small_film("B-LARGE", side=724, NumberOfFrames=frames)  # 724 × 724 × 2 bytes: one frame
    frame = 724 * 724 * 2
    head = small[: -frame - 4]  # up to the length of the pixel data
    total = frame * frames
    yield (
        "--gongzhen-bench\r\nContent-Disposition: form-data; name=order\r\nContent-Type: application/json\r\n\r\n"
        f"{json.dumps(order('B-LARGE'))}\r\n--gongzhen-bench\r\n"
        'Content-Disposition: form-data; name="file"; filename="large"\r\n\r\n'
    ).encode()
    yield head + total.to_bytes(4, "little")
    block = bytes(_CHUNK)
    for _ in range(total // _CHUNK):
        yield block
    yield bytes(total % _CHUNK)
    yield b"\r\n--gongzhen-bench--\r\n"


def _peak_mb(pid: int) -> float | None:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


def _name(words: list[str]) -> str:
    for word in words:
        if word.startswith("services."):
            return word.removesuffix(":create_app")
    return Path(words[0]).name if words else "?"
