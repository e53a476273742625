from contextlib import asynccontextmanager

import pytest

from services.lab.parse.message import RejectCode, Rejected


async def test_a_refusal_passes_through_a_transaction_as_itself() -> None:
    @asynccontextmanager
    async def transaction():  # type: ignore[no-untyped-def]
        yield

    with pytest.raises(Rejected) as refused:
        async with transaction():
            raise Rejected(RejectCode.broken, "坏", "7")
    assert (refused.value.code, refused.value.message_id) == ("message_broken", "7")
