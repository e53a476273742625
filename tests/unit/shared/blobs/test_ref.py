"""The name of stored bytes, as rows and events keep it."""

import pytest

from shared.blobs import BlobRef
from shared.blobs.ref import is_key, key_of, new_key
from shared.ids import encode_base32

SHA = "ab" * 32


def test_a_ref_survives_a_column_of_text_and_one_of_json() -> None:
    ref = BlobRef("imaging", new_key(), 512, 1024, SHA)
    assert BlobRef.parse(str(ref)) == ref
    assert BlobRef.from_dict(ref.to_dict()) == ref


@pytest.mark.parametrize(
    "text",
    ["", "imaging", f"imaging:../x@0+1#{SHA}", f"imaging:a/b/blob_{'0' * 26}@0+1#short", f"IMAGING:a@0+1#{SHA}"],
)
def test_what_is_no_ref_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        BlobRef.parse(text)


def test_a_ref_before_the_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="not a blob"):
        BlobRef("imaging", new_key(), -1, 1, SHA)


def test_a_day_spreads_over_many_folders_and_a_minute_over_none() -> None:
    first = 1_790_000_000_000
    names = [f"blob_{encode_base32(first + minute * 60_000 << 80, 26)}" for minute in range(14 * 24 * 60)]
    keys = [key_of(name) for name in names]
    assert all(is_key(key) for key in keys)
    assert len({key[:3] for key in keys}) == 1024
    assert len({key[:3] for key in keys[: 24 * 60]}) > 80
    assert len({new_key() for _ in range(2000)}) == 2000
    assert len({new_key()[:3] for _ in range(100)}) <= 2
