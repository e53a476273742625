"""What the sandbox tests let a child do."""

import logging
import os
import sys
import time
import warnings


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
    if what == "warn":
        warnings.warn("Invalid value for VR DA: '1960-01-31'", stacklevel=1)
        logging.getLogger("library").warning("PatientName 测试甲")
        os.write(2, b"1960-01-31")
    if what == "settings":
        return [name for name in os.environ if name.startswith("GONGZHEN_")]
    if what == "pid":
        return os.getpid()
    return None
