"""What the sandbox tests let a child do."""

import os
import sys
import time


class Refused(Exception):
    pass


def do(order: tuple[str, float]) -> object:
    what, amount = order
    if what == "double":
        return amount * 2
    if what == "spin":
        deadline = time.monotonic() + amount
        while time.monotonic() < deadline:
            pass
    if what == "grow":
        return len(bytearray(int(amount)))
    if what == "die":
        os._exit(3)
    if what == "refuse":
        raise Refused("known")
    if what == "break":
        raise KeyError("unknown")
    if what == "print":
        sys.stdout.write("noise" * 1000)
        sys.stdout.flush()
    if what == "settings":
        return [name for name in os.environ if name.startswith("GONGZHEN_")]
    if what == "pid":
        return os.getpid()
    return None
