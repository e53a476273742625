"""How long answers take over one open connection."""

import time
from collections.abc import Iterable

from bench.wire import Line


def each_ms(line: Line, requests: Iterable[bytes]) -> list[float]:
    return [one_ms(line, request) for request in requests]


def one_ms(line: Line, request: bytes) -> float:
    started = time.perf_counter()
    line.ask(request)
    return (time.perf_counter() - started) * 1000
