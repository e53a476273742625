"""A machine as a process: ``python -m tests.support.modality PORT FILE…`` sends each file in an association of
its own and prints the names of those that were acknowledged."""

import sys
from pathlib import Path

from tests.support.clinic_gateway import send


def main() -> int:
    port = int(sys.argv[1])
    for name in sys.argv[2:]:
        try:
            statuses = send(port, [Path(name)])
        except (AssertionError, RuntimeError):
            return 1
        if statuses != [0]:
            return 1
        print(name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
