"""``gongzhen admin org …``"""

import argparse

from deploy.admin.client import AdminClient
from deploy.cli.sheet import sheet
from deploy.cli.subparsers import Subparsers

_FIELDS = ("name", "org_kind", "township", "recognition_mark", "default_character_set")


def add_parser(subjects: Subparsers) -> None:
    actions = subjects.add_parser("org", help="机构 / organizations").add_subparsers(required=True, metavar="action")

    create = actions.add_parser("create", help="新建 / create")
    create.add_argument("name", help="名称 / name")
    create.add_argument("--kind", required=True, dest="org_kind", choices=("clinic", "hospital", "authority"))
    _add_details(create)
    create.set_defaults(act=_create)

    listed = actions.add_parser("list", help="列表 / list")
    listed.add_argument("--kind", choices=("clinic", "hospital", "authority"))
    listed.set_defaults(act=_list)

    change = actions.add_parser("set", help="修改 / change")
    change.add_argument("org_id")
    change.add_argument("--name")
    change.add_argument("--kind", dest="org_kind", choices=("clinic", "hospital", "authority"))
    change.add_argument("--active", action=argparse.BooleanOptionalAction)
    _add_details(change)
    change.set_defaults(act=_set)


def _add_details(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--township", help="乡镇")
    parser.add_argument("--mark", dest="recognition_mark", help="互认标识 / mutual recognition mark")
    parser.add_argument("--character-set", dest="default_character_set", help="GB18030 …")


def _create(client: AdminClient, args: argparse.Namespace) -> str:
    made = client.send("POST", "/organizations", _named(args))
    return f"已新建 / created: {made['name']} ({made['org_id']})"


def _list(client: AdminClient, args: argparse.Namespace) -> str:
    organizations = client.every("/organizations", kind=args.kind)
    columns = ("org_id", *_FIELDS, "active")
    return sheet(
        ("机构", "名称", "类别", "乡镇", "互认标识", "默认字符集", "启用"),
        [[organization.get(column) for column in columns] for organization in organizations],
    )


def _set(client: AdminClient, args: argparse.Namespace) -> str:
    body = _named(args) | ({} if args.active is None else {"active": args.active})
    changed = client.send("PATCH", f"/organizations/{args.org_id}", body)
    return f"已修改 / changed: {changed['name']} ({changed['org_id']})"


def _named(args: argparse.Namespace) -> dict[str, object]:
    """What was said on the command line; an empty text empties the field."""
    given = {field: getattr(args, field) for field in _FIELDS if getattr(args, field) is not None}
    return {field: value or None for field, value in given.items()}
