"""A bound for what stays open: so many event streams and waiting polls of one account, in this process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import TooManyRequests

_COME_AGAIN_S = 5


class OpenWaits:
    def __init__(self, per_account: int) -> None:
        self._most = per_account
        self._open: Counter[str] = Counter()

    @contextmanager
    def hold(self, account_id: str) -> Iterator[None]:
        """A place while the block runs; raises TooManyRequests when the account has all of its own in use."""
        if self._open[account_id] >= self._most:
            raise TooManyRequests("此账号同时打开的连接过多", code="too_many_open", retry_after_s=_COME_AGAIN_S)
        self._open[account_id] += 1
        try:
            yield
        finally:
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]
