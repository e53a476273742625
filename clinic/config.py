"""The file that ``gongzhen clinic --config`` reads: TOML, every name known, every value bounded."""

import os
import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from shared.errors import FieldProblem, Invalid

Priority = Literal["stat", "urgent", "routine"]
Charset = Literal["GB18030", "ISO_IR 192", "ASCII"]
AeTitle = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=16, pattern=r"^[!-\[\]-~]+$")
]
Folder = Annotated[Path, AfterValidator(Path.expanduser)]
PASSWORD_VARIABLE = "GONGZHEN_CLINIC_PASSWORD"  # noqa: S105  a name, not a password


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Region(_Section):
    """``password_file`` holds the password alone; without it the variable GONGZHEN_CLINIC_PASSWORD does."""

    url: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[^/]+/?$")]
    username: str = Field(min_length=1, max_length=200)
    password_file: Folder | None = None
    ca_file: Folder | None = None
    connect_s: float = Field(default=15, gt=0, le=300)
    silence_s: float = Field(default=60, gt=0, le=600, description="no byte for so long: the line is gone")

    def password(self) -> str:
        """Raises Invalid where there is none."""
        if self.password_file is not None:
            try:
                return self.password_file.read_text("utf-8").strip()
            except OSError as error:
                raise Invalid(f"读不到密码文件：{error.strerror}", code="clinic_config") from None
        password = os.environ.get(PASSWORD_VARIABLE)
        if not password:
            raise Invalid(f"请设置 region.password_file 或环境变量 {PASSWORD_VARIABLE}", code="clinic_config")
        return password


class Spool(_Section):
    folder: Folder
    keep_days: int = Field(default=30, ge=0, le=3650, description="how long the files of what was sent are kept")
    min_free_mb: int = Field(default=512, ge=0, description="below it nothing more is taken from machines")


class Peer(_Section):
    """A machine. ``priority``: of what it sends without an order (an emergency room's)."""

    ae_title: AeTitle
    address: str = "127.0.0.1"
    charset: Charset = "GB18030"
    names: Literal["both", "chinese", "pinyin"] = "both"
    priority: Priority = "routine"


class Dicom(_Section):
    enabled: bool = True
    ae_title: AeTitle = "GONGZHEN"
    bind: str = "127.0.0.1"
    port: int = Field(default=11112, ge=0, le=65535)
    max_associations: int = Field(default=10, ge=1, le=200)
    peers: tuple[Peer, ...] = ()


class Watched(_Section):
    """A folder. ``originals``: moved into its ``done`` or left where they are."""

    path: Folder
    kind: Literal["ecg", "dicom"]
    originals: Literal["move", "leave"] = "move"
    priority: Priority = "routine"
    every_s: float = Field(default=3, gt=0, le=3600)
    stable_s: float = Field(default=3, ge=0, le=3600, description="unchanged for so long: whole")
    pair_wait_s: float = Field(default=600, ge=0, description="how long a WFDB header waits for its data")
    max_file_mb: int = Field(default=2048, ge=1)


class Hours(_Section):
    """On a Chinese wall clock; ``until`` before ``since`` goes over midnight."""

    since: time
    until: time


class Sending(_Section):
    quiet_s: float = Field(default=30, ge=0, le=3600, description="a study is whole when nothing came for so long")
    association_quiet_s: float = Field(default=5, ge=0, le=3600, description="the same after its association ended")
    limit_kbytes_s: float = Field(default=0, ge=0, description="0: no limit")
    resumable_from_kbytes: int = Field(default=1024, ge=0, description="smaller uploads go in one request")
    max_upload_mb: int = Field(default=1000, ge=1, le=2000)
    deflate: bool = Field(default=True, description="ZIP on the way; no byte of a file changes")
    hours: dict[Priority, Hours] = Field(default={}, description="when a priority may be sent; absent: always")
    retry_first_s: float = Field(default=2, gt=0)
    retry_most_s: float = Field(default=300, gt=0)


class Compression(_Section):
    """``jpeg-ls``: lossless, of uncompressed images, only where it decodes to the same bytes."""

    scheme: Literal["none", "jpeg-ls"] = "none"
    never: tuple[str, ...] = Field(default=(), description="modalities whose images are sent as they came")


class Worklist(_Section):
    every_s: float = Field(default=30, gt=0, le=3600)
    days: int = Field(default=3, ge=1, le=31, description="orders of so many days are on the machines' worklist")


class Reports(_Section):
    """``print_command``: words, ``{file}`` stands for the PDF; empty: nothing is printed."""

    folder: Folder | None = None
    print_command: tuple[str, ...] = ()
    wait_s: float = Field(default=25, ge=0, le=30)


class Status(_Section):
    bind: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: int = Field(default=8104, ge=0, le=65535)


class Config(_Section):
    region: Region
    spool: Spool
    dicom: Dicom = Dicom()
    folders: tuple[Watched, ...] = ()
    sending: Sending = Sending()
    compression: Compression = Compression()
    worklist: Worklist = Worklist()
    reports: Reports = Reports()
    status: Status = Status()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """A folder inside another would be read twice, and the spool would eat itself."""
        folders = [("spool", self.spool.folder.resolve()), *((f.kind, f.path.resolve()) for f in self.folders)]
        for number, (_, one) in enumerate(folders):
            for _, other in folders[number + 1 :]:
                if one.is_relative_to(other) or other.is_relative_to(one):
                    raise ValueError(f"{one} and {other} lie in each other")
        return self


def read_config(path: Path) -> Config:
    """Raises Invalid with a pointer for each fault. Relative folders are the file's, not the caller's."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid(f"读不了配置文件：{error}", code="clinic_config") from None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems = [
            FieldProblem("".join(f"/{part}" for part in item["loc"]), item["type"], item["msg"])
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        told = "；".join(f"{problem.pointer}: {problem.detail}" for problem in problems)
        raise Invalid(f"配置有误：{told}", code="clinic_config", errors=problems) from None
    return _anchored(config, path.resolve().parent)


def _anchored(config: Config, base: Path) -> Config:
    def at(folder: Path | None) -> Path | None:
        return None if folder is None else base / folder

    return config.model_copy(
        update={
            "region": config.region.model_copy(
                update={"password_file": at(config.region.password_file), "ca_file": at(config.region.ca_file)}
            ),
            "spool": config.spool.model_copy(update={"folder": base / config.spool.folder}),
            "folders": tuple(each.model_copy(update={"path": base / each.path}) for each in config.folders),
            "reports": config.reports.model_copy(update={"folder": at(config.reports.folder)}),
        }
    )
