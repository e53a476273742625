"""Generated pages say what the code says today."""

import pytest

from deploy.pages.all import DOCS, pages


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_generated_page_is_not_stale(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run `make docs`"
