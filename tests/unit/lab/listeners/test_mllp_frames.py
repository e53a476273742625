import pytest

from services.lab.listeners.mllp_frames import FrameTooLarge, MllpReader, framed

ONE, TWO = b"MSH|^~\\&|1\rPID|1\r", b"MSH|^~\\&|2\rPID|2\r"


@pytest.mark.parametrize("piece", [1, 3, 1000])
@pytest.mark.parametrize(
    "stream",
    [
        framed(ONE) + framed(TWO),
        b"\x0b" + ONE + b"\x1c\x0b" + TWO + b"\x1c",  # no CR after FS
        b"\x0b" + ONE + framed(TWO),  # the end was forgotten
        b"\r\n" + framed(ONE) + b"\r\n\r\n" + framed(TWO),
    ],
)
def test_messages_come_out_however_they_are_cut_and_closed(stream: bytes, piece: int) -> None:
    reader = MllpReader(1000)
    found = [each for at in range(0, len(stream), piece) for each in reader.feed(stream[at : at + piece])]
    assert found == [ONE, TWO]
    assert reader.take_junk() == 0
    assert not reader.inside


def test_junk_between_frames_is_counted() -> None:
    reader = MllpReader(1000)
    assert list(reader.feed(b"GET/HTTP" + framed(ONE) + b"xyz")) == [ONE]
    assert (reader.take_junk(), reader.take_junk()) == (len("GET/HTTP") + 3, 0)


@pytest.mark.parametrize("ended", [b"", b"\x1c\r"])
def test_too_large_is_said_with_the_head_of_the_message(ended: bytes) -> None:
    reader = MllpReader(5000)
    with pytest.raises(FrameTooLarge) as fault:
        list(reader.feed(b"\x0bMSH|^~\\&|" + b"x" * 6000 + ended))
    assert fault.value.head.startswith(b"MSH|^~\\&|")
    assert len(fault.value.head) <= 2000
