"""Several sources read as one run of bytes."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.blobs.pack import PackReader
from shared.blobs.ref import new_key


@given(st.lists(st.binary(max_size=300)), st.integers(1, 100))
def test_any_sources_read_in_any_steps_give_their_own_places_and_digests(sources: list[bytes], step: int) -> None:
    pack = PackReader([io.BytesIO(source) for source in sources])
    data = b"".join(iter(lambda: pack.read(step), b""))
    assert data == b"".join(sources)
    for ref, source in zip(pack.refs("imaging", new_key()), sources, strict=True):
        assert data[ref.offset : ref.offset + ref.length] == source
        assert ref.sha256 == hashlib.sha256(source).hexdigest()


def test_every_read_but_the_last_is_full() -> None:
    """The S3 parts and the writes to disk are cut by it: short reads would make thousands of small ones."""
    pack = PackReader([b"x" * 10] * 7)
    assert [len(chunk) for chunk in iter(lambda: pack.read(32), b"")] == [32, 32, 6]


def test_refs_before_the_end_are_a_mistake() -> None:
    pack = PackReader([b"one", b"two"])
    pack.read(4)
    with pytest.raises(ValueError, match="end"):
        pack.refs("imaging", new_key())
