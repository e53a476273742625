import pytest

from shared.web.encoding import takes_gzip


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        ("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("GZIP", True),
        ("", False), ("identity", False), ("gzip;q=0", False), ("gzip; q=0.000, *", False), ("br", False),
    ],
)  # fmt: skip
def test_gzip_only_where_it_is_taken(header: str, taken: bool) -> None:
    assert takes_gzip(header) is taken
