"""Who runs PostgreSQL, and which folders that account can get to."""

import os
from pathlib import Path

import pytest

from deploy.local.privileges import Account, can_reach, make_passable_folder, make_private_folder, server_account

STRANGER = Account("stranger", 65500, 65500)


def test_only_root_needs_another_account() -> None:
    account = server_account()
    assert (account is None) == (os.geteuid() != 0)
    assert account is None or account.uid != 0


def test_a_closed_folder_above_stops_a_stranger(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    assert not can_reach(inner / "data", STRANGER)
    assert can_reach(inner / "data", None)


@pytest.mark.parametrize(("mode", "reached"), [(0o711, True), (0o710, False), (0o701, True)])
def test_passing_through_is_all_it_takes(mode: int, reached: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("folder")
    folder.chmod(mode)
    above = all(parent.stat().st_mode & 0o001 for parent in folder.parents)
    assert can_reach(folder / "data", STRANGER) is (reached and above)


def test_its_own_closed_folder_does_not_stop_an_account(tmp_path: Path) -> None:
    owner = Account("owner", tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    tmp_path.chmod(0o700)
    assert can_reach(tmp_path / "data", owner)


def test_folders_above_keep_their_modes(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_private_folder(tmp_path / "private", None)
    make_passable_folder(tmp_path / "passable")
    modes = {folder.name: folder.stat().st_mode & 0o777 for folder in tmp_path.iterdir()}
    assert modes == {"private": 0o700, "passable": 0o711}
    assert tmp_path.stat().st_mode & 0o777 == 0o750
    make_passable_folder(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o750
