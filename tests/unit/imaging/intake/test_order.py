"""What imaging asks of an order besides."""

import pytest

from services.imaging.intake.order import ImagingOrder
from shared.errors import Invalid
from shared.reading.schemas.sent_order import read_order


def test_an_order_may_say_how_many_images_there_will_be() -> None:
    assert read_order(ImagingOrder, b'{"expected_instances": 2}').expected_instances == 2
    assert read_order(ImagingOrder, b"{}").expected_instances is None


@pytest.mark.parametrize("number", [b"0", b"100001", b'"many"'])
def test_a_number_that_cannot_be_is_refused(number: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_order(ImagingOrder, b'{"expected_instances": ' + number + b"}")
    assert [problem.pointer for problem in refused.value.errors] == ["/expected_instances"]
