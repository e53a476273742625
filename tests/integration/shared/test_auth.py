"""Access tokens at a service whose gateway is away: the keys on disk, and tokens that were made to break it."""

import base64
import json
import time
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from shared.auth import ACCESS_TOKEN_S, Actor, Role, TokenVerifier, claims_of
from shared.errors import Unauthenticated, Unavailable

NOBODY_LISTENS = "http://127.0.0.1:1/jwks.json"
READER = Actor("acc_1", "reader1", "测试医生", "org_1", frozenset({Role.reader}))


@pytest.fixture
def key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "key_1", "use": "sig", "alg": "ES256"}, private=True)


@pytest.fixture
def cache(tmp_path: Path, key: ECKey) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    return file


def token_of(key: ECKey, header: dict[str, object], issued_s_ago: int = 0) -> str:
    claims = claims_of(READER, now=int(time.time()) - issued_s_ago, token_id="jti_1")
    return jwt.encode({"alg": "ES256", **header}, claims, key, algorithms=["ES256"])


async def test_keys_on_disk_serve_while_the_gateway_is_away(cache: Path, key: ECKey) -> None:
    actor = await TokenVerifier(NOBODY_LISTENS, cache).verify(token_of(key, {"kid": "key_1"}))
    assert (actor.account_id, actor.roles) == ("acc_1", frozenset({Role.reader}))


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"ES256","kid":[]}',
        b'{"alg":"ES256","kid":{}}',
        b'{"alg":"ES256","kid":null}',
        b'{"alg":"none","kid":"key_1"}',
        b'{"alg":"HS256","kid":"key_1"}',
        b'["alg"]',
        b"\xff\xfe",
        b"[" * 9000,
        b'{"a":' * 9000,
    ],
    ids=lambda header: header[:24].decode("ascii", "replace"),
)
async def test_a_token_made_to_break_the_reader_is_only_a_bad_token(cache: Path, header: bytes) -> None:
    token = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, b"{}", b"x" * 64))
    with pytest.raises(Unauthenticated) as refused:
        await TokenVerifier(NOBODY_LISTENS, cache).verify(token)
    assert refused.value.code == "bad_token"


@pytest.mark.parametrize("content", ["", '{"keys": [', "[]", '{"keys": [{"kty": "EC"}]}'])
async def test_a_broken_copy_on_disk_is_as_good_as_none(cache: Path, key: ECKey, content: str) -> None:
    cache.write_text(content)
    with pytest.raises(Unavailable) as refused:
        await TokenVerifier(NOBODY_LISTENS, cache).verify(token_of(key, {"kid": "key_1"}))
    assert refused.value.code == "keys_unavailable"


async def test_a_token_that_is_remembered_ends_when_it_expires(cache: Path, key: ECKey) -> None:
    verifier = TokenVerifier(NOBODY_LISTENS, cache)
    skew_s = 30
    token = token_of(key, {"kid": "key_1"}, issued_s_ago=ACCESS_TOKEN_S + skew_s - 2)
    assert await verifier.verify(token) is await verifier.verify(token)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            await verifier.verify(token)
        except Unauthenticated as refused:
            assert refused.code == "bad_token"
            return
    pytest.fail("a remembered token outlives its time")


async def test_of_a_remembered_token_nothing_may_be_changed(cache: Path, key: ECKey) -> None:
    verifier = TokenVerifier(NOBODY_LISTENS, cache)
    token = token_of(key, {"kid": "key_1"})
    await verifier.verify(token)
    head, claims, signature = token.split(".")
    for other in (f"{head}.{claims}.{signature[:-4]}AAAA", f"{head}.{claims}x.{signature}", f"{head}.{claims}."):
        with pytest.raises(Unauthenticated):
            await verifier.verify(other)
