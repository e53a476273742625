import threading
from datetime import UTC, datetime

from services.imaging.report_form.sheet import render_sheet
from shared.paper.render import GETA
from shared.paper.stamp import signature_stamp
from shared.signing.document import SignerRole
from tests.unit.paper.reading import pages_of
from tests.unit.signing.people import statement

AT = datetime(2026, 11, 21, 2, 40, tzinfo=UTC)


def test_a_stamp_says_who_and_when() -> None:
    (page,) = pages_of(signature_stamp("测试医师乙", AT))
    assert "测试医师乙" in page
    assert "2026-11-2110:40" in page


def test_the_same_statement_gives_the_same_bytes() -> None:
    assert render_sheet(statement()).pdf == render_sheet(statement()).pdf


def test_a_page_is_pdf_a_2b_with_its_fonts_inside() -> None:
    pdf = render_sheet(statement()).pdf
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in pdf
    assert b"/FontFile3" in pdf


def test_text_is_set_as_it_was_written_and_never_read_as_markup() -> None:
    hostile = (
        '#let x = 1; *bold* _it_ $x^2$ @ref <label> = head // c `raw` \\ #read("/etc/passwd") [x] {y} "q" \'s\' --- ~'
    )
    document = statement(
        content={"findings": hostile, "impression": hostile},
        patient={"id": "1", "issuer": "c", "name": '*甲* #import "x"', "sex": "F"},
    )
    (page,) = pages_of(render_sheet(document).pdf)
    assert page.count(hostile.replace(" ", "")) == 2
    assert '*甲*#import"x"' in page


def test_a_character_without_a_glyph_is_replaced_and_named() -> None:
    sheet = render_sheet(statement(patient={"id": "1", "issuer": "c", "name": "张𠮷䶮", "sex": "M"}))
    assert sheet.missing == ("𠮷",)
    (page,) = pages_of(sheet.pdf)
    assert f"张{GETA}䶮" in page
    assert "U+20BB7" in page


def test_boxes_lie_on_the_page_beside_each_other() -> None:
    boxes = render_sheet(statement()).boxes
    author, reviewer = boxes[SignerRole.AUTHOR], boxes[SignerRole.REVIEWER]
    assert (author.page, reviewer.page) == (0, 0)
    assert 40 < author.left < author.right < reviewer.left < reviewer.right < 560
    assert 50 < author.bottom < author.top < 200


def test_threads_do_not_mix_their_sheets() -> None:
    made: dict[int, str] = {}

    def work(number: int) -> None:
        for _ in range(5):
            content = {"findings": f"第{number}份", "impression": "甲"}
            made[number] = pages_of_locked(render_sheet(statement(content=content)).pdf)

    lock = threading.Lock()

    def pages_of_locked(pdf: bytes) -> str:
        with lock:  # PDFium itself is not made for threads
            return pages_of(pdf)[0]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"第{number}份" in text for number, text in made.items())
    assert len(made) == 4
