"""The state folder of a region: everything that a second start needs (as root see also postgres.py)."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import choose_free_ports, is_free
from deploy.local.problems import CannotStart


@dataclass(frozen=True, slots=True)
class State:
    """``folder`` is absolute. Its layout: lock, secrets.json, ports.json, logs/, ready/, and a folder per server."""

    folder: Path

    @property
    def secrets_file(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def ready_files(self) -> Path:
        return self.folder / "ready"

    @property
    def first_link(self) -> Path:
        """Written by the gateway while there is no administrator (GONGZHEN_STATE_DIR)."""
        return self.folder / "first-admin-link"

    def prepare(self) -> None:
        """As root the folder may be passed through, not listed: PostgreSQL runs below it as another account.

        Whatever is made in it from now on, by children too, is for its owner only: it holds patients' data.
        """
        os.umask(0o077)
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        for folder in (self.logs, self.ready_files):
            folder.mkdir(exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Held while a region runs. The kernel lets go of it when the holder dies, however that happens."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                holder = os.read(descriptor, 20).decode().strip() or "?"
                raise CannotStart(
                    f"{self.folder} 正被另一个实例使用（进程 {holder}）/ in use by another instance (pid {holder})"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def choose_ports(self, names: Iterable[str]) -> dict[str, int]:
        """A port of loopback per name: the one of the last start while it is free. In ports.json for tools."""
        known = self._known_ports()
        ports = {name: known[name] for name in names if name in known and is_free(known[name])}
        missing = [name for name in names if name not in ports]
        ports |= zip(missing, choose_free_ports(len(missing)), strict=True)
        return ports

    def write_ports(self, ports: dict[str, int]) -> None:
        self._ports_file.write_text(json.dumps(ports, indent=1) + "\n", "utf-8")

    @property
    def _ports_file(self) -> Path:
        return self.folder / "ports.json"

    def _known_ports(self) -> dict[str, int]:
        """None where a power cut or a full disk spoilt the file: other ports do as well."""
        try:
            known = json.loads(self._ports_file.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return {name: port for name, port in known.items() if isinstance(port, int)} if isinstance(known, dict) else {}
