"""One file from a request, as a form's part or as the whole body, within a limit."""

from collections.abc import AsyncGenerator

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from shared.errors import TooLarge, Unreadable

LIMIT_BYTES = 20 << 20
_FORM_OVERHEAD_BYTES = 64 << 10


async def read_file(request: Request) -> bytes:
    """Raises TooLarge before more than the limit was taken in, Unreadable for a form without a file."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        data = b"".join([chunk async for chunk in _limited(request, LIMIT_BYTES)])
        if not data:
            raise Unreadable("请求中没有文件", code="file_missing")
        return data
    parser = MultiPartParser(
        request.headers, _limited(request, LIMIT_BYTES + _FORM_OVERHEAD_BYTES), max_files=1, max_fields=8
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeDecodeError) as error:
        raise Unreadable("表单无法解析", code="form_unreadable") from error
    try:
        files = [value for value in form.values() if isinstance(value, UploadFile)]
        if not files:
            raise Unreadable("表单中没有文件", code="file_missing")
        return await files[0].read()
    finally:
        await form.close()


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > limit:
            raise TooLarge(f"文件超过 {LIMIT_BYTES >> 20} MiB", extra={"limit_bytes": LIMIT_BYTES})
        yield chunk
