"""``gongzhen admin contact …``"""

import argparse

from deploy.admin.client import AdminClient
from deploy.cli.sheet import sheet
from deploy.cli.subparsers import Subparsers

_COLUMNS = ("contact_id", "org_id", "name", "phone", "rank", "center", "active")


def add_parser(subjects: Subparsers) -> None:
    actions = subjects.add_parser("contact", help="值班联系人 / duty contacts").add_subparsers(
        required=True, metavar="action"
    )
    create = actions.add_parser("create", help="新建 / create")
    create.add_argument("name")
    create.add_argument("--org", required=True, dest="org_id", metavar="ORG_ID")
    create.add_argument("--phone", required=True)
    create.add_argument("--rank", type=int, default=1, help="小者先呼叫 / the lowest is called first")
    create.add_argument("--center", choices=("imaging", "ecg", "lab"))
    create.set_defaults(act=_create)

    listed = actions.add_parser("list", help="列表 / list")
    listed.add_argument("--org", metavar="ORG_ID")
    listed.set_defaults(act=_list)

    delete = actions.add_parser("delete", help="删除 / delete")
    delete.add_argument("contact_id")
    delete.set_defaults(act=_delete)


def _create(client: AdminClient, args: argparse.Namespace) -> str:
    body = {key: getattr(args, key) for key in ("org_id", "name", "phone", "rank", "center")}
    return f"已新建 / created: {client.send('POST', '/contacts', body)['contact_id']}"


def _list(client: AdminClient, args: argparse.Namespace) -> str:
    contacts = client.get("/contacts", org_id=args.org)["items"]
    return sheet(
        ("联系人", "机构", "姓名", "电话", "次序", "中心", "启用"),
        [[contact.get(column) for column in _COLUMNS] for contact in contacts],
    )


def _delete(client: AdminClient, args: argparse.Namespace) -> str:
    client.send("DELETE", f"/contacts/{args.contact_id}")
    return f"已删除 / deleted: {args.contact_id}"
