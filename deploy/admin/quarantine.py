"""``gongzhen admin quarantine …``: files that a centre refused."""

import argparse

from deploy.admin.client import AdminClient
from deploy.cli.sheet import sheet
from deploy.cli.subparsers import Subparsers
from shared.migrate import CENTERS

_COLUMNS = ("quarantine_id", "received_at", "clinic_id", "code", "size_bytes", "has_content", "kept_until")


def add_parser(subjects: Subparsers) -> None:
    actions = subjects.add_parser("quarantine", help="隔离文件 / refused files").add_subparsers(
        required=True, metavar="action"
    )
    listed = actions.add_parser("list", help="列表 / list")
    shown = actions.add_parser("show", help="查看 / show")
    shown.add_argument("quarantine_id")
    for action in (listed, shown):
        action.add_argument("--center", choices=CENTERS, default="imaging", help="哪个中心 / which centre")
    listed.set_defaults(act=_list)
    shown.set_defaults(act=_show)


def _list(client: AdminClient, args: argparse.Namespace) -> str:
    found = client.every("/quarantine", items="files", center=args.center)
    return sheet(
        ("编号", "时间", "送检机构", "原因", "字节", "有内容", "保留至"),
        [[file[column] for column in _COLUMNS] for file in found],
    )


def _show(client: AdminClient, args: argparse.Namespace) -> str:
    return sheet(("项目", "内容"), list(client.get(f"/quarantine/{args.quarantine_id}", center=args.center).items()))
