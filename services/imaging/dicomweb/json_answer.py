"""application/dicom+json as an answer."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response

from services.imaging.dicomweb.media_types import accepted, not_acceptable

DICOM_JSON = "application/dicom+json"


def require_json(request: Request) -> None:
    """Viewers ask for metadata with whatever Accept they have (OHIF sends the pixels'): only who takes nothing but XML
    cannot be served."""
    if all("xml" in each.part for each in accepted(request)):
        raise not_acceptable([DICOM_JSON])


async def json_answer(models: Sequence[dict[str, Any]], warnings: Sequence[str] = ()) -> Response:
    body = await asyncio.to_thread(_encoded, models)
    response = Response(body, media_type=DICOM_JSON)
    for warning in warnings:
        response.headers.append("Warning", _warning(warning))
    return response


def _encoded(models: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps(models, ensure_ascii=False, separators=(",", ":")).encode()


def _warning(text: str) -> str:
    """PS3.18 8.4.3 and RFC 7234 5.5; a client's own words are cut to what a header can hold."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\' else "?" for c in text)[:500]
    return f'299 gongzhen "{plain}"'
