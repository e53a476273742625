"""``gongzhen clinic --check``: whether this PC can do its work, in words for whoever installs it."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clinic.config import Config
from clinic.region.client import RegionClient
from clinic.region.outcomes import LoginRefused, Refused, RegionAway
from clinic.spool.files import free_bytes, write_durably

_MB = 1_000_000
_SKEW_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    is_good: bool
    detail: str


def check(config: Config) -> Iterator[Finding]:
    """Changes nothing but a file that it writes and removes. Ports that this program itself holds count as taken."""
    yield _folder("数据目录", config.spool.folder)
    free = free_bytes(_existing(config.spool.folder))
    yield Finding("磁盘空间", free > 2 * config.spool.min_free_mb * _MB, f"剩余 {free // _MB} MB")
    for watched in config.folders:
        yield _folder("监视目录", watched.path)
    if config.reports.folder is not None:
        yield _folder("报告目录", config.reports.folder)
    if config.dicom.enabled:
        yield _port("DICOM 端口", config.dicom.bind, config.dicom.port)
        if not config.dicom.peers:
            yield Finding("DICOM 设备", True, "未登记设备：只接受本机程序")
    yield _port("状态页端口", config.status.bind, config.status.port)
    client = RegionClient(config.region)
    try:
        yield from _region(client)
    finally:
        client.close()


def _region(client: RegionClient) -> Iterator[Finding]:
    try:
        me = client.ask("GET", "/v1/me")
    except LoginRefused:
        yield Finding("登录中心", False, "用户名或密码被拒绝")
        return
    except RegionAway as problem:
        yield Finding("登录中心", False, f"连不上中心（{problem.code}）")
        return
    except Refused as problem:
        yield Finding("登录中心", False, f"{problem.detail}（{problem.code}）")
        return
    roles = me.get("roles") or [] if isinstance(me, dict) else []
    yield Finding("登录中心", True, "成功")
    yield Finding("账户角色", "clinic" in roles or "integration" in roles, "、".join(map(str, roles)) or "无")
    skew_s = abs(client.clock_offset.total_seconds())
    yield Finding("本机时钟", skew_s <= _SKEW_S, f"与中心相差 {skew_s:.0f} 秒")


def _folder(name: str, folder: Path) -> Finding:
    return _tried(name, lambda: _write(folder), f"{folder} 可写")


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".gongzhen-check"
    write_durably(probe, [b"x"])
    probe.unlink()


def _port(name: str, bind: str, port: int) -> Finding:
    def listen() -> None:
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind, port))

    return _tried(name, listen, f"{bind}:{port} 可用")


def _tried(name: str, act: Callable[[], None], good: str) -> Finding:
    try:
        act()
    except OSError as problem:
        return Finding(name, False, str(problem.strerror or problem))
    return Finding(name, True, good)


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
