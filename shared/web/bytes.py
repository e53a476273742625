"""Stored bytes as an answer."""

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

from shared.blobs import BlobRef, BlobStore


async def answer_bytes(
    store: BlobStore, ref: BlobRef, *, media_type: str, file_name: str, etag: str
) -> StreamingResponse:
    """Streams in constant memory. The first chunk is read before the status is sent, so that missing bytes are an
    error and not an empty file; bytes that prove corrupt later break the connection off."""
    chunks = store.stream(ref)
    first = await anext(chunks, b"")
    return StreamingResponse(
        _chained(first, chunks),
        media_type=media_type,
        headers={
            "Content-Length": str(ref.length),
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "ETag": f'"{etag}"',
            "Cache-Control": "private, no-store",
        },
    )


async def _chained(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk
