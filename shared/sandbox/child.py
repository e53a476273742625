"""The child: imports its one function, takes its limit, answers arguments until its stdin ends.

Started as ``python -m shared.sandbox.child module:function memory_bytes timeout_s``. Once its imports are done it is
silent: what libraries warn of (pydicom: "Invalid value for VR DA: …") quotes patients, and stderr is the service's log.
"""

import importlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from shared.sandbox.wire import pack, receive

_GRACE_S = 1.0  # the parent's own limit comes first


def main() -> None:
    target, memory_bytes, timeout_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business; the end of stdin is ours
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    module, _, name = target.partition(":")
    function = getattr(importlib.import_module(module), name)
    _limit_memory(memory_bytes)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    _say(answers, pack(None))
    while True:
        try:
            argument = receive(sys.stdin.buffer)
        except EOFError:
            return
        # A parent that was killed ends nobody: then the signal does, whatever C code the function is in.
        signal.setitimer(signal.ITIMER_REAL, timeout_s + _GRACE_S)
        try:
            answer = pack((True, function(argument)))
        except MemoryError:
            answer = pack((False, MemoryError()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent decides
            answer = pack((False, _sendable(error)))
        signal.setitimer(signal.ITIMER_REAL, 0)
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
