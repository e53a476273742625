import pytest
from fastapi import Request

from services.gateway.api.rate_limit import RateLimit
from shared.errors import TooManyRequests


def request_from(address: str) -> Request:
    return Request({"type": "http", "headers": [(b"x-forwarded-for", address.encode())], "client": None})


def test_an_address_is_refused_after_its_share_and_told_when_to_come_again() -> None:
    limit = RateLimit(per_minute=3)
    for _ in range(3):
        limit.take(request_from("192.0.2.1"))
    with pytest.raises(TooManyRequests) as refused:
        limit.take(request_from("192.0.2.1"))
    assert refused.value.retry_after_s is not None
    assert 1 <= refused.value.retry_after_s <= 20
    limit.take(request_from("192.0.2.2"))
