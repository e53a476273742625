"""Logs as JSON lines and the correlation id that follows a case through HTTP, NATS and workers.

No patient's name, id or number may enter a log. Log calls therefore pass a fixed message and named fields, and
only the fields of ``_ALLOWED`` are written; an exception is logged by its class and its place in the code, never by
its message, since a parser's message may quote the patient's name. URLs are logged as the route's template.
"""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from shared.ids import new_id

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")

# Everything that may be written beside the message. Ids here are our own random ones.
_ALLOWED = frozenset(
    {
        "action", "attempt", "case_id", "center", "code", "consumer", "count", "delay_s", "delivery", "duration_ms",
        "event_id", "event_type", "kind", "loop", "message_id", "method", "org_id", "priority", "reading_site",
        "report_id", "role", "route", "service", "size_bytes", "stage", "state", "status", "stream", "table", "version",
    }
)  # fmt: skip


def new_correlation_id() -> str:
    value = new_id("cor")
    correlation_id.set(value)
    return value


def fields(**values: Any) -> dict[str, Any]:
    """``logger.info("message", extra=fields(case_id=…))``: a name outside the list is a programmer's error."""
    unknown = values.keys() - _ALLOWED
    if unknown:
        raise ValueError(f"not loggable: {sorted(unknown)}")
    return {"gz": values}


class JsonFormatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": self._message(record),
            "correlation_id": correlation_id.get(),
            **getattr(record, "gz", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["at"] = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(record.exc_info[2])[-8:]]
        return json.dumps(line, ensure_ascii=False)

    @staticmethod
    def _message(record: logging.LogRecord) -> str:
        """Our own loggers speak in fixed sentences; a library's arguments are unknown and stay out."""
        if record.name.split(".")[0] in {"shared", "services", "deploy", "clinic", "uvicorn"}:
            return record.getMessage()
        return str(record.msg) if record.args else f"({record.name})"


def configure_logging(service: str, level: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "fastapi"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # it writes query strings
    # Their debug and info lines quote statements, URLs and values.
    for name in (
        "sqlalchemy",
        "httpx",
        "httpcore",
        "nats",
        "pydicom",
        "pyhanko",
        "pyhanko_certvalidator",
        "urllib3",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
