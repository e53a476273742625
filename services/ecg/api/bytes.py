"""A stored file as it was sent."""

from starlette.responses import Response

from shared.blobs import BlobRef, BlobStore


async def answer_original(store: BlobStore, ref: BlobRef, file_name: str) -> Response:
    """Never shown by a browser as a page: carts' files are XML that nobody has vouched for."""
    return Response(
        await store.read(ref),
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "X-Content-Type-Options": "nosniff",
            "ETag": f'"{ref.sha256}"',
            "Cache-Control": "private, no-store",
        },
    )
