"""One signed-in connection to the region, for all threads: tokens, their renewal, the time of the last word."""

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from clinic.config import Region
from clinic.region.outcomes import LoginRefused, Refused, RegionAway, read_answer
from shared.clock import utc_now

logger = logging.getLogger(__name__)
_RENEW_BEFORE_S = 60.0
Body = Callable[[], Iterable[bytes]]


class RegionClient:
    def __init__(self, config: Region) -> None:
        self._config = config
        self._password = config.password()
        verify: ssl.SSLContext | bool = True
        if config.ca_file is not None:
            verify = ssl.create_default_context(cafile=str(config.ca_file))
        timeout = httpx.Timeout(config.silence_s, connect=config.connect_s)
        self._http = httpx.Client(base_url=config.url, timeout=timeout, verify=verify, follow_redirects=False)
        self._lock = threading.Lock()
        self._token = ""
        self._refresh_token = ""
        self._renew_at = 0.0
        self.last_contact: datetime | None = None
        self.last_problem = ""
        self.clock_offset = timedelta()

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of a 2xx. Raises Refused, RegionAway."""
        return read_answer(self.send(method, path, **more))

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        wait_s: float = 0.0,
        **more: Any,
    ) -> httpx.Response:
        """Whatever it answers but 401. ``body`` is called again where the token was no longer good.

        ``wait_s``: how long the region may wait before it answers. Raises RegionAway.
        """
        for is_last in (False, True):
            token = self._valid_token()
            response = self._exchange(
                method,
                path,
                headers={**(headers or {}), "Authorization": f"Bearer {token}"},
                content=body() if body is not None else None,
                timeout=httpx.Timeout(self._config.silence_s + wait_s, connect=self._config.connect_s),
                **more,
            )
            if response.status_code != 401:
                return response
            self._forget(token)
            if is_last:
                break
        raise LoginRefused("unauthenticated")

    def now(self) -> datetime:
        """By the region's clock, as far as it is known: a clinic's PC may be years off."""
        return utc_now() + self.clock_offset

    def close(self) -> None:
        self._http.close()

    def _exchange(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **more)
        except (httpx.HTTPError, OSError) as error:
            self.last_problem = type(error).__name__
            raise RegionAway(type(error).__name__) from error
        self._heard(response)
        return response

    def _heard(self, response: httpx.Response) -> None:
        if response.status_code >= 500:
            self.last_problem = f"http_{response.status_code}"
            return
        try:
            told = parsedate_to_datetime(response.headers.get("date", ""))
        except ValueError:
            return
        self.last_contact, self.last_problem = utc_now(), ""
        self.clock_offset = told.astimezone(UTC) - self.last_contact

    def _valid_token(self) -> str:
        with self._lock:
            if not self._token or time.monotonic() >= self._renew_at:
                self._sign_in()
            return self._token

    def _forget(self, token: str) -> None:
        """Unless another thread has a newer one already."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def _sign_in(self) -> None:
        if self._refresh_token:
            shown, self._refresh_token = self._refresh_token, ""
            response = self._exchange(
                "POST", "/v1/auth/token", data={"grant_type": "refresh_token", "refresh_token": shown}
            )
            if response.is_success:
                self._keep(read_answer(response))
                return
        form = {"grant_type": "password", "username": self._config.username, "password": self._password}
        response = self._exchange("POST", "/v1/auth/token", data=form)
        if response.status_code == 401:
            logger.warning("the region refuses the clinic's name or password")
            raise LoginRefused("login_refused")
        try:
            self._keep(read_answer(response))
        except Refused as problem:
            raise LoginRefused(problem.code) from None

    def _keep(self, tokens: Any) -> None:
        try:
            self._token = str(tokens["access_token"])
            self._refresh_token = str(tokens.get("refresh_token") or "")
            self._renew_at = time.monotonic() + max(float(tokens["expires_in"]) - _RENEW_BEFORE_S, 1.0)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise RegionAway("not_the_region") from None
