"""``gongzhen admin dead-letter …``: events that a consumer gave up."""

import argparse

from deploy.admin.client import AdminClient
from deploy.cli.sheet import sheet
from deploy.cli.subparsers import Subparsers

_COLUMNS = ("sequence", "failed_at", "service", "durable", "subject", "attempts", "error_class", "error")


def add_parser(subjects: Subparsers) -> None:
    actions = subjects.add_parser("dead-letter", help="死信 / dead letters").add_subparsers(
        required=True, metavar="action"
    )
    listed = actions.add_parser("list", help="列表 / list")
    listed.add_argument("--service")
    listed.set_defaults(act=_list)
    for name, words, act in (("show", "查看 / show", _show), ("replay", "重新投递 / deliver again", _replay)):
        action = actions.add_parser(name, help=words)
        action.add_argument("sequence", type=int)
        action.set_defaults(act=act)


def _list(client: AdminClient, args: argparse.Namespace) -> str:
    letters = client.every("/dead-letters", service=args.service)
    return sheet(
        ("序号", "时间", "服务", "消费者", "主题", "次数", "错误", "位置"),
        [[letter[column] for column in _COLUMNS] for letter in letters],
    )


def _show(client: AdminClient, args: argparse.Namespace) -> str:
    letter = client.get(f"/dead-letters/{args.sequence}")
    event = letter.pop("event", {})
    return sheet(("项目", "内容"), [*letter.items(), *((f"event.{key}", value) for key, value in event.items())])


def _replay(client: AdminClient, args: argparse.Namespace) -> str:
    replayed = client.send("POST", f"/dead-letters/{args.sequence}/replay")
    return f"已重新投递 / delivered again: {replayed['message_id']}"
