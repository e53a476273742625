"""How long a piece of code takes of its own, so that a limit can be set which nobody else's work breaks."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Spent:
    """``seconds`` of this thread's processor time, once the block has ended."""

    seconds = 0.0


@contextmanager
def spent() -> Iterator[Spent]:
    """Other threads do not count, nor does the collector: it goes through whatever five thousand tests have left."""
    measured, collects = Spent(), gc.isenabled()
    gc.disable()
    started = time.thread_time()
    try:
        yield measured
    finally:
        measured.seconds = time.thread_time() - started
        if collects:
            gc.enable()
