"""Ports of 127.0.0.1. Inner ports come from below the ephemeral range, which outgoing connections borrow from."""

import random
import socket
from contextlib import ExitStack

from deploy.local.problems import CannotStart

LOOPBACK = "127.0.0.1"
INNER_PORTS = range(20000, 32000)
_ATTEMPTS = 400


def is_free(port: int) -> bool:
    """True when a server could listen on the port now; a socket in TIME_WAIT does not count as taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    # macOS lets us bind loopback beside a server that listens on every address, and that one would be shadowed.
    return not answers(port)


def answers(port: int) -> bool:
    """True when something accepts connections on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def choose_free_ports(count: int) -> list[int]:
    """``count`` different free ports; all are held until the last is found, so that none is given twice."""
    chosen: list[int] = []
    with ExitStack() as held:
        for candidate in random.sample(INNER_PORTS, _ATTEMPTS):
            if len(chosen) == count:
                break
            probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            try:
                probe.bind((LOOPBACK, candidate))
            except OSError:
                continue
            chosen.append(candidate)
    if len(chosen) < count:
        raise CannotStart(f"找不到 {count} 个空闲端口 / no {count} free ports on {LOOPBACK}")
    return chosen


def choose_free_port() -> int:
    return choose_free_ports(1)[0]
