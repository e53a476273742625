"""The list of readers, and plug-ins of a site behind their guard."""

import logging
import struct
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.ecg.parse.formats import GROUP, plug_ins, readers
from services.ecg.parse.read_upload import read_upload
from services.ecg.parse.reader import Read, Reader, SourceFile
from services.ecg.parse.refusal import RefusalCode, Refused

DOCS = Path(__file__).resolve().parents[4] / "docs" / "ecg-formats.md"


class Careless:
    """Raises whatever its file names."""

    name = "careless"

    def recognizes(self, data: bytes) -> bool:
        return data.startswith(b"careless") and bool(1 / (len(data) - 8))

    def read(self, file: SourceFile, companions: Mapping[str, SourceFile]) -> Read:
        word = file.data.removeprefix(b"careless ")
        if word == b"refused":
            raise Refused(RefusalCode.no_waveform, "没有波形。")
        if word == b"none":
            return None  # type: ignore[return-value]
        raise KeyError(word)


class Nameless:
    pass


def entry(name: str, place: str) -> EntryPoint:
    return EntryPoint(name=name, value=f"tests.unit.ecg.parse.test_formats:{place}", group=GROUP)


@pytest.fixture
def careless() -> Reader:
    return plug_ins([entry("careless", "Careless")])[0]


def test_every_built_in_has_its_place() -> None:
    names = [reader.name for reader in readers()]
    assert names[:8] == ["dicom", "scp", "edf", "muse", "philips", "cardiosoft", "aecg", "wfdb"]
    assert names[-2:] == ["json", "csv"]


def test_a_plug_in_that_does_not_load_is_logged_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    found = [entry("gone", "Gone"), entry("nameless", "Nameless"), entry("careless", "Careless")]
    found.append(EntryPoint(name="absent", value="no.such.module:Reader", group=GROUP))
    assert [reader.name for reader in plug_ins(found)] == ["careless"]
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"careless refused", RefusalCode.no_waveform),
        (b"careless none", RefusalCode.format_broken),
        (b"careless otherwise", RefusalCode.format_broken),
    ],
)
def test_whatever_a_plug_in_does_is_a_refusal(careless: Reader, data: bytes, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        careless.read(SourceFile("x", data), {})
    assert refused.value.code is code


def test_a_plug_in_that_fails_to_look_does_not_know_the_file(careless: Reader) -> None:
    assert careless.recognizes(b"careless refused")
    assert not careless.recognizes(b"careless")  # divides by zero


def test_the_documented_plug_in_reads_its_cart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = DOCS.read_text(encoding="utf-8").split("```python\n", 1)[1].split("```", 1)[0]
    (tmp_path / "site_tc30.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    (reader,) = plug_ins([EntryPoint(name="tc30", value="site_tc30:Tc30Reader", group=GROUP)])
    samples: Any = np.arange(8000, dtype="<i2").reshape(1000, 8) % 300
    whole = struct.pack("<4sHI", b"TC30", 500, 1000) + samples.tobytes()
    (taken,) = read_upload([SourceFile("a.bin", whole)], [reader]).recordings
    np.testing.assert_array_equal(taken.recording.lead("V6"), samples[:, 7])
    assert taken.recording.derived == {"III", "aVR", "aVL", "aVF"}
    (refusal,) = read_upload([SourceFile("a.bin", whole[:-1])], [reader]).refusals
    assert refusal[1].code is RefusalCode.format_broken
