"""Where things are, as absolute URLs: clients fetch what RetrieveURL and BulkDataURI say as it stands."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from fastapi import Request

ROOT = "/dicomweb"
_HOST = re.compile(r"(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Links:
    """``origin`` is the front door as this client typed it: the clinics' line and the hospital's may differ."""

    origin: str

    @classmethod
    def of(cls, request: Request, public_url: str) -> "Links":
        """Of the Host that was asked, but the public address where its name is the same: dicomweb-client sends its
        Host without the port."""
        public = urlsplit(public_url)
        host = request.headers.get("host", "")
        if not _HOST.fullmatch(host) or host.rsplit(":", 1)[0].lower() == public.hostname:
            return cls(f"{public.scheme}://{public.netloc}")
        scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
        return cls(f"{'https' if scheme == 'https' else 'http'}://{host}")

    def study(self, study_uid: str) -> str:
        return f"{self.origin}{ROOT}/studies/{quote(study_uid)}"

    def series(self, study_uid: str, series_uid: str) -> str:
        return f"{self.study(study_uid)}/series/{quote(series_uid)}"

    def instance(self, study_uid: str, series_uid: str, sop_instance_uid: str) -> str:
        return f"{self.series(study_uid, series_uid)}/instances/{quote(sop_instance_uid)}"
