"""``gongzhen clinic``: the program on a PC in the clinic (前置机)."""

import argparse
from importlib import import_module
from pathlib import Path

from deploy.cli.subparsers import Subparsers
from deploy.local.problems import CannotStart


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("clinic", help="机构前置机 / the gateway on a clinic's PC")
    parser.add_argument("--config", type=Path, required=True, help="TOML，见 docs/clinic-gateway.md")
    parser.add_argument("--log-level", default="INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--check", action="store_true", help="只检查配置、目录、端口与登录 / only look whether it would work"
    )
    other.add_argument(
        "--retry",
        metavar="UPLOAD",
        help="重新发送被拒收的上传（编号或 all），程序停止时使用 / send what was refused again, while it does not run",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Its DICOM libraries are an extra of their own: a region's servers do without them."""
    try:
        program = import_module("deploy.cli.clinic_run")
    except ModuleNotFoundError as missing:
        raise CannotStart(
            f"缺少 {missing.name}：请安装 gongzhen[clinic] / install the extra gongzhen[clinic]"
        ) from None
    return int(program.run(args))
