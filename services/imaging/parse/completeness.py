"""Is the pixel data as long as the header says? That every element lies within the file, the walk has already shown."""

from typing import NamedTuple

from pydicom import config
from pydicom.uid import UID

from services.imaging.parse.encoding import is_native, is_video
from services.imaging.parse.header import PIXEL_DATA, Header
from services.imaging.parse.refusal import FailureCode, Refused
from services.imaging.parse.values import Values

_PROVIDER_URL = 0x00287FE0
# Bytes a pixel, against three samples of eight bits: colour differences are sampled less often (PS3.3 C.7.6.3.1.2).
_SUBSAMPLED = {"YBR_FULL_422": (2, 3), "YBR_PARTIAL_422": (2, 3), "YBR_PARTIAL_420": (1, 2)}


class Picture(NamedTuple):
    """The image pixel module as far as it is there; None where it is not, or is no number."""

    rows: int | None
    columns: int | None
    number_of_frames: int
    samples_per_pixel: int
    bits_allocated: int | None
    photometric: str

    @property
    def is_described(self) -> bool:
        return bool(self.rows and self.columns and self.bits_allocated)

    @property
    def native_bytes(self) -> int:
        """Rows x columns x samples x frames, in whole bytes; bits are packed over frames (PS3.5 8.1.1)."""
        bits = (self.rows or 0) * (self.columns or 0) * (self.bits_allocated or 0)
        bits *= self.samples_per_pixel * self.number_of_frames
        part, whole = _SUBSAMPLED.get(self.photometric, (1, 1)) if self.samples_per_pixel == 3 else (1, 1)
        return (bits * part // whole + 7) // 8


def read_picture(values: Values) -> Picture:
    frames = values.integer(0x00280008)
    samples = values.integer(0x00280002)
    return Picture(
        rows=values.integer(0x00280010),
        columns=values.integer(0x00280011),
        number_of_frames=frames if frames and frames > 0 else 1,
        samples_per_pixel=samples if samples and samples > 0 else 1,
        bits_allocated=values.integer(0x00280100),
        photometric=values.text(0x00280004),
    )


def check_whole(header: Header, picture: Picture, sop_class_uid: str, transfer_syntax_uid: str) -> None:
    """Raises Refused ``truncated`` when pixels are missing. Padding behind them is allowed."""
    pixels = header.pixels
    if pixels is None:
        # A file cut off right before its pixel data has a sound structure; only its meaning gives it away.
        if (picture.is_described or _is_image_class(sop_class_uid)) and _PROVIDER_URL not in header.data_set:
            raise Refused(FailureCode.TRUNCATED, "没有像素数据")
        return
    if pixels.fragments is not None:
        frames = 1 if is_video(transfer_syntax_uid) else picture.number_of_frames
        # The first item is the offset table, not a frame (PS3.5 A.4).
        if len(pixels.fragments) - 1 < frames:
            raise Refused(FailureCode.TRUNCATED, "压缩帧数少于文件头所述")
        return
    if pixels.tag != PIXEL_DATA or not is_native(transfer_syntax_uid):
        return
    if pixels.length < picture.native_bytes:
        raise Refused(FailureCode.TRUNCATED, f"像素数据 {pixels.length} 字节，应为 {picture.native_bytes} 字节")


def _is_image_class(sop_class_uid: str) -> bool:
    return UID(sop_class_uid, validation_mode=config.IGNORE).name.endswith("Image Storage")
