"""The child: imports its one function, takes its limit, answers arguments until its stdin ends.

Started as ``python -m shared.sandbox.child module:function memory_bytes``.
"""

import importlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from shared.sandbox.wire import pack, receive


def main() -> None:
    target, memory_bytes = sys.argv[1], int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business; the end of stdin is ours
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    _limit_memory(memory_bytes)
    _say(answers, pack(None))
    while True:
        try:
            argument = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = pack((True, function(argument)))
        except MemoryError:
            answer = pack((False, MemoryError()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent decides
            answer = pack((False, _sendable(error)))
        argument = None
        _say(answers, answer)


def _say(answers: BinaryIO, packed: bytes) -> None:
    answers.write(packed)
    answers.flush()


def _limit_memory(memory_bytes: int) -> None:
    """``memory_bytes`` above what the imports took. Only Linux keeps an address space limit; elsewhere time limits."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory_bytes, used + memory_bytes))


def _sendable(error: Exception) -> Exception:
    """An error that cannot travel is named by its class alone; its message may quote a patient."""
    try:
        pack(error)
    except Exception:  # noqa: BLE001 - pickling runs the class's own code
        return RuntimeError(type(error).__name__)
    return error


if __name__ == "__main__":
    main()
