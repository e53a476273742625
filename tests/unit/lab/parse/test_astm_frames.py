import pytest

from services.lab.parse.astm_frames import ENQ, EOT, FrameReader, Signal, checksum, frames_of, split_frame, unframed
from tests.support.lab_messages import astm_results

MESSAGE = astm_results()


def test_a_known_checksum() -> None:
    assert split_frame(b"\x022P|1||||test_patient|||||||||||||||||||||||||||||\r\x034F\r\n")[1] == ""
    assert checksum(b"1A|B|C|D\r\x03") == b"BF"


@pytest.mark.parametrize("size", [1, 7, 240, 64_000])
def test_frames_of_any_size_give_the_message_back_however_they_arrive(size: int) -> None:
    sent = ENQ + b"".join(frames_of(MESSAGE, size)) + EOT
    for piece in (1, 5, len(sent)):
        reader = FrameReader()
        events = [event for at in range(0, len(sent), piece) for event in reader.feed(sent[at : at + piece])]
        assert (events[0].signal, events[-1].signal) == (Signal.enq, Signal.eot)
        assert not [event.fault for event in events if event.fault]
        assert b"".join(event.text for event in events) == MESSAGE


def test_a_frame_sent_again_is_told_as_repeated() -> None:
    first, second, *_ = frames_of(MESSAGE)
    events = list(FrameReader().feed(first + first + second))
    assert [event.repeated for event in events] == [False, True, False]
    assert b"".join(event.text for event in events) == first[2:-5] + second[2:-5]


def test_the_number_runs_through_zero() -> None:
    frames = frames_of(b"R|1\r" * 9)
    assert [frame[1:2] for frame in frames] == [b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"0", b"1"]
    assert not [event for event in FrameReader().feed(b"".join(frames)) if event.fault]


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        (b"\x021H|\r\x0300\r\n", "checksum"),
        (frames_of(b"H|\rP|\r")[1], "number"),
        (b"\x029H|\r\x0300\r\n", "form"),
        (b"\x021H|cut off" + frames_of(b"H|\r")[0], "form"),
        (b"\x02" + b"x" * 64_100, "too_long"),
    ],
)
def test_bad_frames(frame: bytes, fault: str) -> None:
    events = list(FrameReader().feed(frame))
    assert events[0].fault == fault
    assert all(not event.text for event in events if event.fault)


def test_noise_outside_frames_is_passed_over() -> None:
    events = list(FrameReader().feed(b"zz" + ENQ + b"\r\n" + frames_of(b"H|\r")[0]))
    assert [event.signal for event in events] == [Signal.junk, Signal.junk, Signal.enq, Signal.frame]


def test_an_uploaded_capture_keeps_what_a_bad_checksum_spoiled() -> None:
    frames = frames_of(MESSAGE)
    spoiled = b"".join([*frames[:3], frames[3][:-4] + b"00\r\n", frames[3], *frames[4:]])
    assert unframed(ENQ + spoiled + EOT) == (MESSAGE, ("checksum_wrong",))
