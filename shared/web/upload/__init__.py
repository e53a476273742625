"""An upload on its way in: multipart/form-data, parsed while it arrives, into a spool that leaves nothing behind."""

from shared.web.upload.form import ORDER_MAX_BYTES, ReceivedFile, ReceivedForm
from shared.web.upload.receive import Limits, read_bounded, receive_form, spooled
from shared.web.upload.spool import Spool, disk_errors

__all__ = [
    "ORDER_MAX_BYTES",
    "Limits",
    "ReceivedFile",
    "ReceivedForm",
    "Spool",
    "disk_errors",
    "read_bounded",
    "receive_form",
    "spooled",
]
