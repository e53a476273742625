"""The process that opens a stranger's file: ``python -m services.gateway.api.verify_process``.

Standard input: one line of JSON (roots as PEM, revocations), then the file. Standard output: the verdict as JSON. It
can use so much processor time and memory and no more, and write no file.
"""

import json
import resource
import sys
from dataclasses import asdict
from datetime import datetime

from shared.errors import GongzhenError
from shared.signing.trust import TrustRoots, load_roots
from shared.signing.verification import verify_file

CPU_LIMIT_S = 10
MEMORY_LIMIT_BYTES = 1 << 30


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # macOS refuses this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    header = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    revoked = {serial: datetime.fromisoformat(since) for serial, since in header["revoked"].items()}
    roots = load_roots(header["roots"].encode(), revoked) if header["roots"] else TrustRoots((), revoked)
    try:
        answer = {"verification": asdict(verify_file(data, roots))}
    except GongzhenError as error:
        answer = {"refusal": {"status": error.status, "code": error.code, "detail": error.detail}}
    sys.stdout.write(json.dumps(answer, default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"not expected in a verdict: {type(value).__name__}")


if __name__ == "__main__":
    main()
