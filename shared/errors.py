"""The one tree of errors. Each has a stable ``code`` that clients may switch on, a status, a Chinese title.

GongzhenError
├── Unreadable            400   the request cannot be read at all
├── Unauthenticated       401   no token, or one that does not hold
├── RoleRequired          403   you may see it, your role may not do it
├── NotFound              404   not there, or not yours: the two look the same on purpose
├── MethodNotAllowed      405   the path is there, not with this method
├── Conflict              409   the state does not allow it
│   ├── IllegalTransition       the action is not in the table for this state
│   ├── AlreadyClaimed          somebody holds it: who, until when
│   ├── ClaimLost               the token shown is no longer the holder's
│   ├── SamePerson              nobody reviews what he wrote
│   ├── CaseChanged             the case moved while a signature was being made
│   ├── ContentUnseen           images came since the holder last looked
│   ├── InstanceConflict        same SOP Instance UID, another data set
│   └── AccessionTaken          the accession number belongs to a case that is closed
├── PreconditionFailed    412   If-Match names another version
├── TooLarge              413   over a limit, which it names
├── UnsupportedKind       415   not a kind this centre reads, lists those it does
├── Invalid               422   readable but wrong; ``errors`` says where
├── TooManyRequests       429   with Retry-After
└── Unavailable           503   with Retry-After

``code`` may be set an instance (a refused file has many reasons); docs/errors.md lists them all.
"""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One fault of a payload. ``pointer`` is an RFC 6901 pointer, or ``file:<n>`` for the n-th file of an upload."""

    pointer: str
    code: str
    detail: str


class GongzhenError(Exception):
    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal"
    title: ClassVar[str] = "系统内部错误"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        errors: list[FieldProblem] | None = None,
        extra: dict[str, Any] | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.code = code or self.default_code
        self.errors = errors or []
        self.extra = extra or {}
        self.retry_after_s = retry_after_s
        super().__init__(f"{self.code}: {self.detail}")


class Unreadable(GongzhenError):
    status = 400
    default_code = "unreadable"
    title = "请求无法解析"


class Unauthenticated(GongzhenError):
    status = 401
    default_code = "unauthenticated"
    title = "未登录或登录已失效"


class RoleRequired(GongzhenError):
    status = 403
    default_code = "role_required"
    title = "没有执行此操作的权限"


class NotFound(GongzhenError):
    status = 404
    default_code = "not_found"
    title = "不存在或无权查看"


class MethodNotAllowed(GongzhenError):
    status = 405
    default_code = "method_not_allowed"
    title = "不支持此请求方法"


class Conflict(GongzhenError):
    status = 409
    default_code = "conflict"
    title = "与当前状态冲突"


class IllegalTransition(Conflict):
    default_code = "illegal_transition"
    title = "当前状态不允许此操作"


class AlreadyClaimed(Conflict):
    default_code = "already_claimed"
    title = "已被他人领取"


class ClaimLost(Conflict):
    default_code = "claim_lost"
    title = "领取已失效"


class SamePerson(Conflict):
    default_code = "same_person"
    title = "书写与审核不能为同一人"


class CaseChanged(Conflict):
    default_code = "case_changed"
    title = "病例已有变化，请刷新后再试"


class ContentUnseen(Conflict):
    default_code = "content_unseen"
    title = "有新到的检查内容尚未查看"


class InstanceConflict(Conflict):
    default_code = "instance_conflict"
    title = "同一 SOP Instance UID 已存有不同内容"


class AccessionTaken(Conflict):
    default_code = "accession_taken"
    title = "检查号已被占用"


class PreconditionFailed(GongzhenError):
    status = 412
    default_code = "version_mismatch"
    title = "版本已变化"


class TooLarge(GongzhenError):
    status = 413
    default_code = "too_large"
    title = "超过大小上限"


class UnsupportedKind(GongzhenError):
    status = 415
    default_code = "unsupported_kind"
    title = "不支持的文件或媒体类型"


class Invalid(GongzhenError):
    status = 422
    default_code = "invalid"
    title = "内容不符合要求"


class TooManyRequests(GongzhenError):
    status = 429
    default_code = "too_many_requests"
    title = "请求过于频繁"


class Unavailable(GongzhenError):
    status = 503
    default_code = "unavailable"
    title = "服务暂不可用，请稍后重试"
