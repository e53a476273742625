"""PostgreSQL refuses to run as root: then, and only then, it runs as an account that owns nothing else."""

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.local.problems import CannotStart

ACCOUNT_NAME = "gongzhen"


@dataclass(frozen=True, slots=True)
class Account:
    """A system user that a server is switched to before it starts."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """None for a plain user, who runs everything as himself; for root the account ``gongzhen``, else ``nobody``."""
    if os.geteuid() != 0:
        return None
    found = _find(ACCOUNT_NAME)
    if found is None and shutil.which("useradd"):
        add = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", ACCOUNT_NAME]
        # Two processes may add it at once: the loser's failure is looked at through the lookup that follows.
        subprocess.run(add, check=False, capture_output=True, timeout=30)
        found = _find(ACCOUNT_NAME)
    found = found or _find("nobody")
    if found is None:
        raise CannotStart("以 root 运行且没有普通账户可用 / root, and no unprivileged account for PostgreSQL")
    return found


def can_reach(path: Path, account: Account | None) -> bool:
    """Whether the account may enter every folder above ``path``. None stands for the user who runs this."""
    if account is None:
        return True
    return all(_may_enter(folder, account) for folder in path.resolve().parents if folder.exists())


def make_private_folder(path: Path, account: Account | None) -> None:
    """A folder of mode 0700 that the account owns; folders above it keep the modes they have."""
    path.mkdir(parents=True, exist_ok=True)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)


def make_passable_folder(path: Path) -> None:
    """A new folder that others may pass through but not list, whatever the umask; an existing one stays as it is."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o711)


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _may_enter(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
