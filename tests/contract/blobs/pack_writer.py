"""Writes packs until it is killed and names each on stdout: run by test_file_faults in a process of its own."""

import asyncio
import io
import json
import sys

from shared.blobs import open_store

SOURCES = [b"a" * 5000, b"b" * 400_000, b"c" * 700_000]


async def _write_for_ever(folder: str) -> None:
    store = await open_store(f"file://{folder}", "imaging")
    while True:
        refs = await store.put_pack([io.BytesIO(source) for source in SOURCES])
        sys.stdout.write(json.dumps([ref.to_dict() for ref in refs]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_write_for_ever(sys.argv[1]))
