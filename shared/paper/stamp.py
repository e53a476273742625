"""The appearance of a signature that is added after the sheet was set."""

from datetime import datetime

from shared.clock import show
from shared.paper.render import render

_TEMPLATE = "shared/paper/stamp.typ"


def stamp_words(what: str, signed_at: datetime) -> str:
    """``what`` the signing did: 报告 (the author wrote it), 签发 (it went out)."""
    return f"电子签名　{what}时间 {show(signed_at)}"


def signature_stamp(name: str, signed_at: datetime) -> bytes:
    """A PDF page of the size of a signature box, for the signature that issues the report. Blocking, 3 ms."""
    return render(_TEMPLATE, {"name": name, "stamp": stamp_words("签发", signed_at)}, signed_at).pdf
