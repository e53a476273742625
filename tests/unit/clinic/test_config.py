from pathlib import Path

import pytest

from clinic.config import read_config
from shared.errors import Invalid

LEAST = '[region]\nurl = "https://region.example"\nusername = "clinic1"\n[spool]\nfolder = "spool"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "clinic.toml"
    path.write_text(text)
    return path


def test_the_least_file_binds_nothing_but_loopback(tmp_path: Path) -> None:
    config = read_config(written(tmp_path, LEAST))
    assert (config.dicom.bind, config.dicom.port, config.status.bind) == ("127.0.0.1", 11112, "127.0.0.1")
    assert config.compression.scheme == "none"


def test_relative_folders_are_the_files_own(tmp_path: Path) -> None:
    assert read_config(written(tmp_path, LEAST)).spool.folder == tmp_path / "spool"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("[dicom]\nprot = 1\n", "/dicom/prot"),
        ("[dicom]\nport = 70000\n", "/dicom/port"),
        ('[dicom]\nae_title = "SEVENTEEN_LETTERS"\n', "/dicom/ae_title"),
        ('[status]\nbind = "0.0.0.0"\n', "/status/bind"),
        ('[sending.hours]\nlater = { since = "18:00", until = "07:00" }\n', "/sending/hours"),
        ('[[folders]]\npath = "spool/in"\nkind = "ecg"\n', "lie in each other"),
        ("nonsense", "读不了配置文件"),
    ],
)
def test_a_fault_is_told_by_its_place(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(Invalid) as problem:
        read_config(written(tmp_path, LEAST + more))
    assert told in problem.value.detail


def test_without_a_password_it_says_where_to_put_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GONGZHEN_CLINIC_PASSWORD", raising=False)
    region = read_config(written(tmp_path, LEAST)).region
    with pytest.raises(Invalid, match="clinic_config"):
        region.password()
    monkeypatch.setenv("GONGZHEN_CLINIC_PASSWORD", "geheim")
    assert region.password() == "geheim"
