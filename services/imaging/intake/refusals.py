"""An upload that is not taken, as the answer the clinic gets: one error, with the reason of each file."""

from collections.abc import Sequence

from services.imaging.intake.sorting import SIZE_LIMITS, UNKNOWN_KINDS, Refusal, Sorted
from shared.errors import FieldProblem, GongzhenError, InstanceConflict, Invalid, TooLarge, UnsupportedKind

SUPPORTED = ["application/dicom", "application/zip"]
_SHOWN = 100  # an answer need not list twenty thousand files to be understood


def refusal_error(sorted_files: Sorted, limits: dict[str, int]) -> GongzhenError:
    """``code`` is the files' common one, else ``files_refused``; 413 for limits, 415 where nothing was of our kind."""
    refusals = sorted_files.refusals
    codes = {refusal.code for refusal in refusals}
    code = next(iter(codes)) if len(codes) == 1 else "files_refused"
    detail = refusals[0].detail if len(refusals) == 1 else f"{len(refusals)} 个文件被拒绝，未保存任何内容"
    problems = [FieldProblem(_pointer(refusal), refusal.code, refusal.detail) for refusal in refusals[:_SHOWN]]
    extra: dict[str, object] = {"files": names_of(refusals), "refused_count": len(refusals)}
    if codes & SIZE_LIMITS:
        return TooLarge(detail, code=code, errors=problems, extra={**extra, "limits": limits})
    if codes == {"instance_conflict"}:
        return InstanceConflict(detail, errors=problems, extra=extra)
    if codes <= UNKNOWN_KINDS and not sorted_files.images:
        return UnsupportedKind(detail, code=code, errors=problems, extra={**extra, "supported": SUPPORTED})
    return Invalid(detail, code=code, errors=problems, extra=extra)


def names_of(refusals: Sequence[Refusal]) -> list[dict[str, str]]:
    """The names the clinic itself sent, so that it finds its files again."""
    return [{"pointer": _pointer(refusal), "name": refusal.name} for refusal in refusals[:_SHOWN] if refusal.name]


def _pointer(refusal: Refusal) -> str:
    return f"file:{refusal.number}" if refusal.number else "files"
