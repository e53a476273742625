"""An upload that is not taken, as the answer the clinic gets: one error, with the reason of each file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.errors import FieldProblem, GongzhenError, InstanceConflict, Invalid, TooLarge, UnsupportedKind

SIZE_LIMITS = frozenset({"too_large", "too_many_files"})
_SHOWN = 100  # an answer need not list twenty thousand files to be understood


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why file ``number`` is not taken; 0 is the upload as a whole. ``name`` may be a patient's: never logged."""

    number: int
    name: str
    code: str
    detail: str


def refusal_error(
    refusals: Sequence[Refusal], *, limits: Mapping[str, int], supported: Sequence[str], is_of_no_kind: bool
) -> GongzhenError:
    """``code`` is the files' common one, else ``files_refused``; 413 for limits (``SIZE_LIMITS``), 415 where
    ``is_of_no_kind``: nothing that came was of a kind this centre reads. ``supported`` are the media types it does."""
    codes = {refusal.code for refusal in refusals}
    code = next(iter(codes)) if len(codes) == 1 else "files_refused"
    detail = refusals[0].detail if len(refusals) == 1 else f"{len(refusals)} 个文件被拒绝，未保存任何内容"
    problems = [FieldProblem(_pointer(refusal), refusal.code, refusal.detail) for refusal in refusals[:_SHOWN]]
    extra: dict[str, object] = {"files": _names_of(refusals), "refused_count": len(refusals)}
    if codes & SIZE_LIMITS:
        return TooLarge(detail, code=code, errors=problems, extra={**extra, "limits": dict(limits)})
    if codes == {"instance_conflict"}:
        return InstanceConflict(detail, errors=problems, extra=extra)
    if is_of_no_kind:
        return UnsupportedKind(detail, code=code, errors=problems, extra={**extra, "supported": list(supported)})
    return Invalid(detail, code=code, errors=problems, extra=extra)


def _names_of(refusals: Sequence[Refusal]) -> list[dict[str, str]]:
    """The names the clinic itself sent, so that it finds its files again."""
    return [{"pointer": _pointer(refusal), "name": refusal.name} for refusal in refusals[:_SHOWN] if refusal.name]


def _pointer(refusal: Refusal) -> str:
    return f"file:{refusal.number}" if refusal.number else "files"
