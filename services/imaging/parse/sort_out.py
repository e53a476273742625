"""What of an upload is an image, what is passed over, what is refused.

In a ZIP or a folder (a name with ``/``, or a DICOMDIR beside it) other files are expected and ``ignored``: viewer,
autorun.exe, the DICOMDIR itself. The same file sent by itself is refused. So is, even in a folder, what should have
been an image: one cut off, a bare data set, a ``.dcm`` without DICOM in it. An image must not get lost among ignored
files.
"""

from collections.abc import Iterator
from typing import BinaryIO

from services.imaging.parse.archive import members
from services.imaging.parse.dicomdir import read_dicomdir
from services.imaging.parse.instance import read_instance
from services.imaging.parse.kinds import HEAD_BYTES, Kind, kind_of
from services.imaging.parse.limits import Budget, Limits
from services.imaging.parse.outcomes import Conclusion, Ignored, IgnoredReason, Outcome, RefusedFile, Taken
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.remark import Remark
from services.imaging.parse.same_patient import PatientCheck

__all__ = ["Conclusion", "Ignored", "IgnoredReason", "Outcome", "RefusedFile", "Taken", "UploadSorter"]

_IMAGE_SUFFIXES = (".dcm", ".dicom", ".dic", ".ima")


class UploadSorter:
    """One for each upload: ``sort`` every file that was sent, then ``conclude``. Never raises for what is sent."""

    def __init__(self, *, default_charset: str | None, limits: Limits | None = None) -> None:
        self._default_charset = default_charset
        self._budget = Budget(limits or Limits())
        self._patients = PatientCheck()
        self._remarks: set[Remark] = set()
        self._found_uids: set[str] = set()
        self._listed_uids: set[str] = set()
        self._has_dicomdir = False
        self._strangers: list[str] = []
        self._refused_any = False

    def sort(self, name: str, file: BinaryIO, size_bytes: int) -> Iterator[Outcome]:
        """One outcome for a file, one for each member of a ZIP; none yet for a stranger without a folder."""
        for outcome in self._sent(name, file, size_bytes):
            if isinstance(outcome, Taken):
                self._patients.add(outcome.instance.patient)
                self._found_uids.add(outcome.instance.sop_instance_uid)
                self._remarks.update(outcome.instance.remarks)
            elif isinstance(outcome, RefusedFile):
                self._refused_any = True
            yield outcome

    def conclude(self) -> Conclusion:
        ignored: list[Ignored] = []
        refused: list[RefusedFile] = []
        for name in self._strangers:
            if self._has_dicomdir:
                ignored.append(Ignored(name, IgnoredReason.NOT_DICOM))
            else:
                refused.append(RefusedFile(name, Refused(FailureCode.NOT_DICOM)))
        if not self._patients.is_one_patient:
            refused.append(RefusedFile("", Refused(FailureCode.TWO_PATIENTS)))
        if not self._found_uids and not refused and not self._refused_any:
            refused.append(RefusedFile("", Refused(FailureCode.NO_INSTANCES)))
        if self._listed_uids - self._found_uids:
            self._remarks.add(Remark.DICOMDIR_INCOMPLETE)
        return Conclusion(tuple(ignored), tuple(refused), tuple(sorted(self._remarks | self._patients.remarks)))

    def _sent(self, name: str, file: BinaryIO, size_bytes: int) -> Iterator[Outcome]:
        try:
            self._budget.check_file(size_bytes)
            if _kind(file, size_bytes) is not Kind.ZIP:
                self._budget.count_file()
                self._budget.count_bytes(size_bytes)
                yield from self._one(name, file, size_bytes, in_folder="/" in name.replace("\\", "/"))
                return
            for member in members(file, size_bytes, self._budget):
                inner_name = f"{name}/{member.name}"
                yield from self._one(inner_name, member.file, member.size_bytes, in_folder=True)
        except Refused as refusal:
            yield RefusedFile(name, refusal)

    def _one(self, name: str, file: BinaryIO, size_bytes: int, *, in_folder: bool) -> Iterator[Outcome]:
        kind = _kind(file, size_bytes)
        if kind is Kind.DICOM:
            yield self._image(name, file, size_bytes)
        elif kind is Kind.DICOMDIR:
            self._read_directory(file, size_bytes)
            yield Ignored(name, IgnoredReason.DICOMDIR)
        elif kind is Kind.BARE_DICOM:
            yield RefusedFile(name, Refused(FailureCode.NOT_DICOM, "数据集前没有文件元信息"))
        elif in_folder and not _should_be_image(name):
            yield Ignored(name, _REASONS.get(kind, IgnoredReason.NOT_DICOM))
        elif kind is Kind.EMPTY:
            yield RefusedFile(name, Refused(FailureCode.EMPTY_FILE))
        elif kind is Kind.OTHER_ARCHIVE:
            yield RefusedFile(name, Refused(FailureCode.UNSUPPORTED_ARCHIVE))
        elif in_folder:
            yield RefusedFile(name, Refused(FailureCode.NOT_DICOM))
        else:
            self._strangers.append(name)

    def _image(self, name: str, file: BinaryIO, size_bytes: int) -> Outcome:
        try:
            instance = read_instance(file, size_bytes, default_charset=self._default_charset)
        except Refused as refusal:
            return RefusedFile(name, refusal)
        file.seek(0)
        return Taken(name, file, size_bytes, instance)

    def _read_directory(self, file: BinaryIO, size_bytes: int) -> None:
        self._has_dicomdir = True
        try:
            listed = read_dicomdir(file, size_bytes)
        except Refused:
            self._remarks.add(Remark.DICOMDIR_UNREADABLE)
            return
        self._listed_uids.update(entry.sop_instance_uid for entry in listed if entry.sop_instance_uid)


_REASONS = {
    Kind.ZIP: IgnoredReason.NESTED_ARCHIVE,
    Kind.OTHER_ARCHIVE: IgnoredReason.NESTED_ARCHIVE,
    Kind.EMPTY: IgnoredReason.EMPTY_FILE,
}


def _kind(file: BinaryIO, size_bytes: int) -> Kind:
    file.seek(0)
    return kind_of(file.read(min(HEAD_BYTES, size_bytes)))


def _should_be_image(name: str) -> bool:
    """By its name, since content it has not. A Mac's ``._x.dcm`` holds a folder's colours."""
    base = name.rsplit("/", 1)[-1].lower()
    return base.endswith(_IMAGE_SUFFIXES) and not base.startswith("._")
