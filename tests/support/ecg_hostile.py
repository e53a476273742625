"""A reader of ECGs under bytes that lie: Refused or a recording, each within two seconds and 300 MB."""

import random
import tracemalloc
from collections.abc import Iterator, Mapping

from services.ecg.parse.limits import MAX_SAMPLES
from services.ecg.parse.reader import Reader, SourceFile
from services.ecg.parse.recording import Recording
from services.ecg.parse.refusal import Refused
from tests.support.cpu import spent

MAX_S = 2.0
MAX_BYTES = 300 << 20


def truncated(data: bytes, pieces: int = 60) -> Iterator[bytes]:
    """Every length near the beginning, then strides."""
    yield from (data[:length] for length in range(0, min(len(data), 200), 7))
    yield from (data[:length] for length in range(200, len(data), max(1, len(data) // pieces)))


def flipped(data: bytes, *, count: int = 200, seed: int = 7, head: int = 6000) -> Iterator[bytes]:
    """``count`` copies with one to eight wrong bytes, most of them in the first ``head``, where structure is."""
    chance = random.Random(seed)
    for number in range(count):
        wrong = bytearray(data)
        reach = len(data) if number % 4 == 0 else min(head, len(data))
        for _ in range(chance.randint(1, 8)):
            wrong[chance.randrange(reach)] = chance.randrange(256)
        yield bytes(wrong)


def outcome(reader: Reader, data: bytes, companions: Mapping[str, SourceFile] | None = None) -> Recording | Refused:
    """Fails when anything but Refused is raised, or when it took too long."""
    found: Recording | Refused
    with spent() as reading:
        try:
            reader.recognizes(data)
            found = reader.read(SourceFile("upload", data), companions or {}).recording
        except Refused as refused:
            found = refused
    assert reading.seconds < MAX_S
    if isinstance(found, Recording):
        assert found.microvolts.shape[0] == len(found.leads) > 0
        assert found.microvolts.size <= MAX_SAMPLES
    return found


def peak_bytes(reader: Reader, data: bytes, companions: Mapping[str, SourceFile] | None = None) -> int:
    """What reading took at its highest, beside the upload itself."""
    tracemalloc.start()
    try:
        outcome(reader, data, companions)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
