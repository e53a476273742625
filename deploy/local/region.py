"""What a region on one machine consists of, and in which order it starts."""

import os
import sys
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.caddy import plan_caddy
from deploy.local.child import ChildPlan
from deploy.local.command import Command, base_environment
from deploy.local.nats import NatsServer, plan_nats
from deploy.local.ports import LOOPBACK, choose_free_port, is_free
from deploy.local.postgres import PostgresServer, plan_postgres
from deploy.local.postmaster import clear_leftover
from deploy.local.problems import CannotStart
from deploy.local.readiness import answers_200, is_written
from deploy.local.secrets import Secrets
from deploy.local.state import State
from deploy.local.supervisor import RegionPlan, Stage
from shared.migrate import SERVICES, migrate

# The proxy must be the first to close an idle connection (Caddyfile: keepalive 30s).
_UVICORN_OPTIONS = ("--no-access-log", "--timeout-keep-alive", "75", "--timeout-graceful-shutdown", "5")

# glibc would give each upload's memory back and fault it in anew for the next: the largest hidden cost of taking in
# images (ADR 0011). Other C libraries do not know the names.
_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32)}

LISTENERS = ("mllp", "astm")
"""What the laboratory's worker listens to analyzers on, beside the front door."""


@dataclass(frozen=True, slots=True)
class RegionOptions:
    """``port`` 0 takes a free one. ``demo`` creates accounts with published passwords, hence loopback only.

    ``public_url``: how people reach the region, where that is not the front door's own address.
    """

    state: Path
    port: int = 8080
    bind: str = LOOPBACK
    demo: bool = False
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """One start: the ports and secrets that its parts share."""

    options: RegionOptions
    state: State
    ports: dict[str, int]
    secrets: Secrets
    postgres: PostgresServer
    nats: NatsServer

    @property
    def address(self) -> str:
        return f"http://{self.options.bind}:{self.ports['front']}"

    @property
    def public_url(self) -> str:
        """What links, and the codes on signed sheets, begin with."""
        return self.options.public_url or self.address

    def database_url(self, service: str) -> str:
        password = self.secrets.postgres[service]
        return self.postgres.url(service, password, service, driver="postgresql+asyncpg")

    def service_environment(self, service: str) -> dict[str, str]:
        """What ``services/<name>`` read through shared/settings.py, above whatever GONGZHEN_* the user has set."""
        folder = self.state.folder
        environment = base_environment() | _passed_on(demo=self.options.demo)
        environment |= {
            "PYTHONUNBUFFERED": "1",
            **_KEPT_MEMORY,
            "GONGZHEN_SERVICE": service,
            "GONGZHEN_CENTER": service,
            "GONGZHEN_DATABASE_URL": self.database_url(service),
            "GONGZHEN_NATS_URL": self.nats.url(service),
            "GONGZHEN_BLOBS": (folder / "blobs" / service).as_uri(),
            "GONGZHEN_REGION_BLOBS": (folder / "blobs" / "region").as_uri(),
            "GONGZHEN_PUBLIC_URL": self.public_url,
            "GONGZHEN_JWKS_URL": f"http://{LOOPBACK}:{self.ports['gateway']}/.well-known/jwks.json",
            "GONGZHEN_JWKS_CACHE": str(folder / "jwks" / f"{service}.json"),
            "GONGZHEN_SPOOL_DIR": str(folder / "spool" / service),
            "TMPDIR": str(folder / "spool" / service),  # /tmp may be memory, and a ZIP may hold gigabytes
            "GONGZHEN_STATE_DIR": str(folder),
            "GONGZHEN_GRANT_SECRET": self.secrets.grants[service],
            "GONGZHEN_PIN_PEPPER": self.secrets.pin_pepper,
        }
        if service == "gateway":
            environment["GONGZHEN_KEYS_SECRET"] = self.secrets.keys_secret
        if service == "lab":
            environment |= {f"GONGZHEN_LAB_{name.upper()}_PORT": str(self.ports[name]) for name in LISTENERS}
        if self.options.demo:
            environment["GONGZHEN_DEMO"] = "1"
        return environment


def open_region(options: RegionOptions, state: State) -> Region:
    """Choose ports, make or read secrets. The state folder must be locked."""
    if options.demo and options.bind != LOOPBACK:
        raise CannotStart(f"演示区只允许绑定 {LOOPBACK} / the demo region binds {LOOPBACK} only")
    _check_public_url(options)
    front = options.port or choose_free_port()
    if not is_free(front):
        raise CannotStart(f"端口 {front} 已被占用或不允许使用，请换 --port / port {front} is taken or not allowed")
    ports = state.choose_ports(["postgres", "nats", *SERVICES, *LISTENERS]) | {"front": front}
    state.write_ports(ports)
    secrets = Secrets.load_or_create(state.secrets_file, SERVICES)
    postgres = plan_postgres(state.folder, ports["postgres"], secrets.postgres_admin)
    nats = plan_nats(state.folder, ports["nats"], secrets.nats, secrets.nats_encryption_key)
    return Region(options, state, ports, secrets, postgres, nats)


def plan_region(region: Region) -> RegionPlan:
    """Servers first, then the schema, then every process of every service beside the front door."""
    postgres, nats = region.postgres, region.nats
    servers = (
        ChildPlan("postgres", postgres.command(), postgres.is_ready, partial(clear_leftover, postgres.data)),
        ChildPlan("nats", nats.command(), nats.is_ready),
    )
    upstreams = {service: region.ports[service] for service in SERVICES}
    caddy = plan_caddy(region.state.folder, region.options.bind, region.ports["front"], upstreams)
    caddy.prepare()
    processes = [plan(region, service) for service in SERVICES for plan in (_api, _worker)]
    services = (*processes, ChildPlan("caddy", caddy.command(), caddy.is_ready))
    return RegionPlan((Stage(servers, partial(_prepare_databases, region)), Stage(services)), region.address)


def prepare_region(region: Region) -> None:
    """Data folders: slow on the first start (initdb), nothing later."""
    region.postgres.prepare()
    region.nats.prepare()
    for service in SERVICES:
        (region.state.folder / "spool" / service).mkdir(parents=True, exist_ok=True)
        (region.state.folder / "blobs" / service).mkdir(parents=True, exist_ok=True)
    for name in ("blobs/region", "jwks"):
        (region.state.folder / name).mkdir(parents=True, exist_ok=True)


def _api(region: Region, service: str) -> ChildPlan:
    port = region.ports[service]
    argv = (
        *(sys.executable, "-m", "uvicorn", "--factory", f"services.{service}.app:create_app"),
        *("--host", LOOPBACK, "--port", str(port), "--loop", "uvloop", "--http", "httptools"),
        *("--log-config", str(_logging_config()), *_UVICORN_OPTIONS),
    )
    command = Command(argv, region.service_environment(service), stop_grace_s=8)
    return ChildPlan(service, command, partial(answers_200, f"http://{LOOPBACK}:{port}/readyz"))


def _worker(region: Region, service: str) -> ChildPlan:
    ready_file = region.state.ready_files / f"{service}-worker"
    environment = region.service_environment(service) | {"GONGZHEN_READY_FILE": str(ready_file)}
    command = Command((sys.executable, "-m", f"services.{service}.worker"), environment, stop_grace_s=8)
    clear = partial(ready_file.unlink, missing_ok=True)
    return ChildPlan(f"{service}-worker", command, partial(is_written, ready_file), clear)


async def _prepare_databases(region: Region) -> None:
    """Databases and roles, then their schemas one after the other: Alembic keeps the one under way in a module."""
    await region.postgres.create_databases({service: region.secrets.postgres[service] for service in SERVICES})
    for service in SERVICES:
        await migrate(region.database_url(service), service)


def _check_public_url(options: RegionOptions) -> None:
    """Every sheet prints it in its code and is then signed: a wrong one could never be mended."""
    if options.public_url is None:
        if options.bind in ("0.0.0.0", "::"):
            raise CannotStart(
                f"绑定 {options.bind} 时须用 --public-url 指明用户访问的地址 / --bind {options.bind} needs --public-url"
            )
    elif urlsplit(options.public_url).scheme not in ("http", "https") or not urlsplit(options.public_url).hostname:
        raise CannotStart(f"{options.public_url} 不是网址 / --public-url is no http:// or https:// address")


def _passed_on(*, demo: bool) -> dict[str, str]:
    """Settings of the user's own, a log level for example. The demo's are for a demo region only."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("GONGZHEN_") and (demo or not name.startswith("GONGZHEN_DEMO"))
    }


def _logging_config() -> Path:
    return Path(str(resources.files("deploy.local"))) / "uvicorn-logging.json"
