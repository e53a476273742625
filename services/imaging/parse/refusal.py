"""Why a file, or a whole upload, is not taken: one code, one sentence for the clinic, one number for STOW-RS.

The numbers are Failure Reasons (0008,1197) as PS3.18 Annex I.2.2 groups them: A7xx out of resources, A9xx the data
set does not match its SOP class, Cxxx cannot understand. Within Cxxx an implementation chooses; docs list ours.
"""

from enum import StrEnum
from typing import NamedTuple


class FailureCode(StrEnum):
    NOT_DICOM = "not_dicom"
    NOT_AN_INSTANCE = "not_an_instance"
    EMPTY_FILE = "empty_file"
    TRUNCATED = "truncated"
    BAD_HEADER = "bad_header"
    HEADER_TOO_LARGE = "header_too_large"
    MISSING_SOP_CLASS = "missing_sop_class"
    MISSING_SOP_INSTANCE_UID = "missing_sop_instance_uid"
    MISSING_STUDY_UID = "missing_study_uid"
    MISSING_SERIES_UID = "missing_series_uid"
    INVALID_UID = "invalid_uid"
    TWO_PATIENTS = "two_patients"
    NO_INSTANCES = "no_instances"
    TOO_LARGE = "too_large"
    TOO_MANY_FILES = "too_many_files"
    ZIP_BOMB = "zip_bomb"
    PATH_ESCAPES = "path_escapes"
    ARCHIVE_UNREADABLE = "archive_unreadable"
    ENCRYPTED_ARCHIVE = "encrypted_archive"
    UNSUPPORTED_ARCHIVE = "unsupported_archive"

    @property
    def detail(self) -> str:
        """For the clinic, in Chinese."""
        return _FACTS[self].detail

    @property
    def dicom_reason(self) -> int:
        """Failure Reason (0008,1197), 16 bits."""
        return _FACTS[self].dicom_reason


class _Facts(NamedTuple):
    dicom_reason: int
    detail: str


_FACTS: dict[FailureCode, _Facts] = {
    FailureCode.NOT_DICOM: _Facts(0xC000, "不是 DICOM 文件（缺少 128 字节前导与 DICM 标识）"),
    FailureCode.NOT_AN_INSTANCE: _Facts(0xC001, "这是 DICOMDIR 目录文件，不是影像"),
    FailureCode.EMPTY_FILE: _Facts(0xC002, "文件为 0 字节"),
    FailureCode.TRUNCATED: _Facts(0xC003, "文件不完整，请重新导出后上传"),
    FailureCode.BAD_HEADER: _Facts(0xC004, "DICOM 文件头结构错误，无法读取"),
    FailureCode.HEADER_TOO_LARGE: _Facts(0xA701, "DICOM 文件头的数据元素过多"),
    FailureCode.MISSING_SOP_CLASS: _Facts(0xA902, "缺少 SOP Class UID (0008,0016)"),
    FailureCode.MISSING_SOP_INSTANCE_UID: _Facts(0xA903, "缺少 SOP Instance UID (0008,0018)"),
    FailureCode.MISSING_STUDY_UID: _Facts(0xA904, "缺少 Study Instance UID (0020,000D)"),
    FailureCode.MISSING_SERIES_UID: _Facts(0xA905, "缺少 Series Instance UID (0020,000E)"),
    FailureCode.INVALID_UID: _Facts(0xA906, "UID 含有不允许的字符或过长"),
    FailureCode.TWO_PATIENTS: _Facts(0xC005, "一次上传中有两名患者的影像，请分开上传"),
    FailureCode.NO_INSTANCES: _Facts(0xC006, "上传内容中没有可用的 DICOM 影像"),
    FailureCode.TOO_LARGE: _Facts(0xA702, "超过大小上限"),
    FailureCode.TOO_MANY_FILES: _Facts(0xA703, "文件数超过上限"),
    FailureCode.ZIP_BOMB: _Facts(0xA704, "压缩包展开后异常庞大，已拒绝"),
    FailureCode.PATH_ESCAPES: _Facts(0xC007, "压缩包内的路径越界，已拒绝"),
    FailureCode.ARCHIVE_UNREADABLE: _Facts(0xC008, "压缩包损坏或无法读取"),
    FailureCode.ENCRYPTED_ARCHIVE: _Facts(0xC009, "压缩包已加密，请去除密码后上传"),
    FailureCode.UNSUPPORTED_ARCHIVE: _Facts(0xC00A, "不支持的压缩格式，请使用 ZIP"),
}


class Refused(Exception):
    """The only exception that leaves this package. ``detail`` never holds a value from the file."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        self.code = code
        self.detail = f"{code.detail}：{detail}" if detail else code.detail
        super().__init__(f"{code}: {self.detail}")

    @property
    def dicom_reason(self) -> int:
        """Failure Reason (0008,1197), 16 bits."""
        return self.code.dicom_reason
