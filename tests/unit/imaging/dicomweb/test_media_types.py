"""Accept as browsers, OHIF, dicomweb-client and scripts really write it."""

import pytest

from services.imaging.dicomweb.media_types import NotAcceptable, first_of, parse_accept


@pytest.mark.parametrize(
    "text",
    [
        'multipart/related; type="application/octet-stream"; transfer-syntax="*"',
        "multipart/related;type=application/octet-stream;transfer-syntax=*",
        'Multipart/Related; Transfer-Syntax="*"; Type="Application/Octet-Stream"',
        "multipart/related; q=0.9; transfer-syntax=*; type=application/octet-stream, text/html;q=0.1",
    ],
)
def test_parameters_in_any_form_and_order_are_the_same_range(text: str) -> None:
    first = parse_accept(text)[0]
    assert (first.kind, first.part, first.transfer_syntax) == ("multipart/related", "application/octet-stream", "*")


def test_the_best_q_comes_first_and_equals_keep_their_order() -> None:
    ranges = parse_accept("image/png;q=0.5, image/jpeg, image/gif;q=0, image/webp")
    assert [each.kind for each in ranges] == ["image/jpeg", "image/webp", "image/png"]


def test_a_separator_in_quotes_separates_nothing() -> None:
    (only,) = parse_accept('multipart/related; type="image/jls"; boundary="a,b;c"')
    assert only.parameters == {"type": "image/jls", "boundary": "a,b;c"}


@pytest.mark.parametrize("text", ["", ",", "garbage", ";;;", '"'])
def test_what_cannot_be_read_takes_anything(text: str) -> None:
    assert [each.kind for each in parse_accept(text)] == ["*/*"]


@pytest.mark.parametrize("q", ["nan", "inf", "-1", "x", "7"])
def test_a_senseless_q_harms_nobody(q: str) -> None:
    ranges = parse_accept(f"image/png;q={q}, image/jpeg;q=0.4")
    assert {each.kind for each in ranges} <= {"image/png", "image/jpeg", "*/*"}


def test_the_first_range_that_fits_decides() -> None:
    assert first_of(parse_accept("image/*;q=0.1, image/png"), ["image/jpeg", "image/png"]) == "image/png"
    assert first_of(parse_accept("*/*"), ["image/jpeg", "image/png"]) == "image/jpeg"


def test_only_refused_types_are_not_acceptable() -> None:
    with pytest.raises(NotAcceptable) as error:
        first_of(parse_accept("text/html"), ["image/jpeg"])
    assert error.value.extra == {"offered": ["image/jpeg"]}
    with pytest.raises(NotAcceptable):
        first_of(parse_accept("image/jpeg;q=0"), ["image/jpeg"])
