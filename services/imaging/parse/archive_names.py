"""Names of ZIP members: decoded as Chinese Windows wrote them, and kept inside the archive's folder."""

import re
import stat
import zipfile

from services.imaging.parse.refusal import FailureCode, Refused

_UTF8_FLAG = 0x800
_MADE_BY_UNIX = 3
_DRIVE = re.compile(r"[A-Za-z]:")


def member_name(info: zipfile.ZipInfo) -> str:
    """Without the UTF-8 flag zipfile reads CP437; what was meant is UTF-8 or, on a Chinese Windows, GBK."""
    name = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG:
        raw = name.encode("cp437")
        for codec in ("utf-8", "gb18030"):
            try:
                name = raw.decode(codec)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")


def check_inside(name: str, info: zipfile.ZipInfo) -> None:
    """Nothing is ever written under a member's name; an archive that tries is still no archive of a clinic's."""
    if name.startswith("/") or _DRIVE.match(name) or "\0" in name or ".." in name.split("/"):
        raise Refused(FailureCode.PATH_ESCAPES)
    if info.create_system == _MADE_BY_UNIX and stat.S_ISLNK(info.external_attr >> 16):
        raise Refused(FailureCode.PATH_ESCAPES, "符号链接")
