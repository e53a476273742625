"""The front door: Caddy with deploy/Caddyfile. Its own files stay in the state folder."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from deploy.local.command import Command, base_environment
from deploy.local.ports import LOOPBACK
from deploy.local.programs import find_program
from deploy.local.readiness import answers_200


@dataclass(frozen=True, slots=True)
class CaddyServer:
    """``upstreams`` maps a service's name to its port on loopback."""

    program: Path
    folder: Path
    bind: str
    port: int
    upstreams: dict[str, int]

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> Command:
        config = Path(str(resources.files("deploy"))) / "Caddyfile"
        environment = base_environment() | {
            "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "GONGZHEN_FRONT_BIND": self.bind,
            "GONGZHEN_FRONT_PORT": str(self.port),
        }
        for service, port in self.upstreams.items():
            environment[f"GONGZHEN_{service.upper()}_UPSTREAM"] = f"{LOOPBACK}:{port}"
        argv = (str(self.program), "run", "--config", str(config), "--adapter", "caddyfile")
        return Command(argv, environment, folder=self.folder, stop_grace_s=8)

    async def is_ready(self) -> bool:
        return await answers_200(f"http://{self.bind}:{self.port}/healthz")


def plan_caddy(state: Path, bind: str, port: int, upstreams: dict[str, int]) -> CaddyServer:
    return CaddyServer(find_program("caddy", "caddyserver"), state / "caddy", bind, port, upstreams)
