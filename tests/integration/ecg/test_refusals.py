"""What is not taken leaves nothing but a row and its bytes in quarantine, and says why in words."""

from collections.abc import Callable

import numpy as np
import pytest

from shared.db import Database
from tests.integration.ecg.centre import ORDER, Centre, open_centre
from tests.integration.reading.centre import Keys
from tests.support.dicom import dicom
from tests.support.ecg_carts import CARTS, Files, edf, table
from tests.support.ecg_signals import make_ecg
from tests.support.ecg_xml import aecg, steps

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "haha">'
    + "".join(f'<!ENTITY x{n} "{"&x" + (str(n - 1) if n else "") + ";"}{"&x;" * 9}">' for n in range(1, 9))
    + ']><AnnotatedECG xmlns="urn:hl7-org:v3">&x8;</AnnotatedECG>'
).encode()
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    b'<AnnotatedECG xmlns="urn:hl7-org:v3">&x;</AnnotatedECG>'
)


def holter() -> bytes:
    return edf(make_ecg(sampling_rate_hz=100, leads=("I", "II", "V1")), hours=10)


def empty_aecg() -> bytes:
    return aecg(steps(12)).replace("MDC_ECG_LEAD_", "MDC_OTHER_").encode()


def pseudo_scp() -> bytes:
    """As Healforce's software writes it: the name of the format, and something of its own behind it."""
    (_, data), *_ = CARTS["scp"](make_ecg())
    return data[:16] + b"SCPECG" + bytes(range(256)) * 20


def broken_scp() -> bytes:
    """A pointer that leaves the file."""
    (_, data), *_ = CARTS["scp"](make_ecg())
    return data[:22] + b"\xff\xff\xff\x7f" + data[26:4000]


def nothing_but_nan() -> bytes:
    return table().split(b"I,II")[0] + b"I,II\n" + b"NaN,NaN\n" * 2000


async def assert_nothing_stored(centre: Centre, *, refused: int) -> None:
    for name in ("reading.case", "ecg.recording", "core.outbox"):
        assert await centre.count(name) == 0
    assert await centre.count("reading.quarantine") == refused
    assert len(centre.objects()) == min(refused, 1)


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [
        (lambda: b"hello", 415, "not_ecg"),
        (lambda: b"", 415, "not_ecg"),
        (lambda: b"%PDF-1.7 a scan", 415, "not_ecg"),
        (lambda: BOMB, 422, "ecg_unsafe_xml"),
        (lambda: OUTSIDE, 422, "ecg_unsafe_xml"),
        (holter, 422, "ecg_too_long"),
        (empty_aecg, 422, "ecg_no_waveform"),
        (dicom, 415, "not_ecg"),
        (nothing_but_nan, 422, "ecg_samples_invalid"),
        (broken_scp, 422, "ecg_format_broken"),
        (lambda: bytes((64 << 20) + 1), 413, "too_large"),
    ],
)
async def test_a_refused_file_says_why_and_is_kept_apart(
    centre: Centre, make: Callable[[], bytes], status: int, code: str
) -> None:
    data = make()
    answer = await centre.send([("a", data)])
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == ("file:1", code)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in error["detail"])
    await assert_nothing_stored(centre, refused=1)
    ((size, kept),) = await centre.rows("SELECT size_bytes, code FROM reading.quarantine")
    assert (size, kept) == (len(data), code)


async def test_a_makers_own_variant_is_refused_with_words(centre: Centre) -> None:
    answer = await centre.send([("a.scp", pseudo_scp())])
    assert answer.status_code in (415, 422)
    assert answer.json()["code"].startswith("ecg_format")
    await assert_nothing_stored(centre, refused=1)


async def test_what_is_no_ecg_is_answered_with_what_would_be(centre: Centre) -> None:
    problem = (await centre.send([("a", b"hello")])).json()
    assert "SCP-ECG (EN 1064)" in problem["supported"]
    assert problem["files"] == [{"pointer": "file:1", "name": "a"}]


async def test_one_bad_file_refuses_its_upload_and_points_at_it(centre: Centre) -> None:
    answer = await centre.send([("a.csv", table()), ("b.xml", BOMB), ("c.txt", b"hello")])
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "files_refused")
    assert [(each["pointer"], each["code"]) for each in problem["errors"]] == [
        ("file:2", "ecg_unsafe_xml"),
        ("file:3", "not_ecg"),
    ]
    await assert_nothing_stored(centre, refused=2)


@pytest.mark.parametrize("part", [0, 1])
async def test_half_a_wfdb_record_is_refused(centre: Centre, part: int) -> None:
    files: Files = [CARTS["wfdb"](make_ecg())[part]]
    answer = await centre.send(files)
    assert (answer.status_code, answer.json()["code"]) == (422, "ecg_companion_missing"), answer.text
    await assert_nothing_stored(centre, refused=1)


async def test_order_and_files_are_both_needed(centre: Centre) -> None:
    without = await centre.send([])
    assert (without.status_code, without.json()["code"]) == (422, "no_files")
    wrong = await centre.send([("a.csv", table())], {**ORDER, "patient": {"sex": "X"}})
    assert [each["pointer"] for each in wrong.json()["errors"]] == ["/patient/sex"]
    await assert_nothing_stored(centre, refused=0)


async def test_administrators_read_the_quarantine(centre: Centre) -> None:
    await centre.send([("测试甲.txt", b"hello")])
    (file,) = (await centre.get("/ecg/v1/quarantine", "admin1")).json()["files"]
    content = await centre.get(f"/ecg/v1/quarantine/{file['quarantine_id']}/content", "admin1")
    assert (file["code"], content.content) == ("not_ecg", b"hello")
    assert (await centre.get("/ecg/v1/quarantine", "clinic1")).status_code == 403


async def test_an_upload_that_takes_too_long_is_refused_and_the_next_is_read(
    ecg_db: Database, keys: Keys, tmp_path: object
) -> None:
    """Ten minutes of sixteen leads take longer to be measured than ten seconds of three."""
    chance = np.random.default_rng(1)
    rows = chance.integers(-900, 900, (60_000, 16)).astype(str)
    heads = "I,II,V1,V2,V3,V4,V5,V6,V3R,V4R,V5R,V7,V8,V9,X,Y"
    slow = b"# sampling_rate_hz: 100\n# unit: uV\n" + "\n".join([heads, *map(",".join, rows)]).encode()
    quick = table(make_ecg(sampling_rate_hz=250, leads=("I", "II", "V1")))
    async with open_centre(ecg_db, keys, tmp_path, ecg_judge_s=0.4) as centre:  # type: ignore[arg-type]
        refused = await centre.send([("slow.csv", slow)])
        assert (refused.status_code, refused.json()["code"]) == (422, "ecg_format_broken"), refused.text
        assert "时间" in refused.json()["detail"]
        await assert_nothing_stored(centre, refused=1)
        first, second = [await centre.send([("quick.csv", quick)]) for _ in range(2)]
        assert (first.status_code, second.status_code) == (202, 200), first.text
