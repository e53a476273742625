"""``gongzhen admin user …``"""

import argparse

from deploy.admin.client import AdminClient
from deploy.cli.sheet import sheet
from deploy.cli.subparsers import Subparsers

_CENTERS = ("imaging", "ecg", "lab")


def add_parser(subjects: Subparsers) -> None:
    actions = subjects.add_parser("user", help="账号 / accounts").add_subparsers(required=True, metavar="action")

    create = actions.add_parser("create", help="新建 / create")
    create.add_argument("username_of", metavar="username")
    create.add_argument("--name", required=True, help="姓名 / full name")
    create.add_argument("--org", required=True, metavar="ORG_ID")
    create.add_argument("--role", action="append", required=True, dest="roles", help="可重复 / may be repeated")
    create.add_argument("--center", action="append", default=[], dest="centers", choices=_CENTERS)
    create.add_argument("--scope", action="append", default=[], dest="scopes", help="reports:region")
    create.set_defaults(act=_create)

    listed = actions.add_parser("list", help="列表 / list")
    listed.add_argument("--org", metavar="ORG_ID")
    listed.add_argument("--role")
    listed.set_defaults(act=_list)

    for name, words, act in (
        ("disable", "停用 / close", _disable),
        ("enable", "启用 / open again", _enable),
        ("reset-password", "生成一次性链接 / make a one-time link", _reset_password),
        ("revoke", "使全部会话失效 / end every session", _revoke),
    ):
        action = actions.add_parser(name, help=words)
        action.add_argument("username_of", metavar="username")
        action.set_defaults(act=act)

    certificate = actions.add_parser("revoke-certificate", help="吊销签名证书 / revoke the signing certificate")
    certificate.add_argument("username_of", metavar="username")
    certificate.add_argument("--reason", required=True)
    certificate.set_defaults(act=_revoke_certificate)


def _create(client: AdminClient, args: argparse.Namespace) -> str:
    body = {
        "username": args.username_of,
        "name": args.name,
        "org_id": args.org,
        "roles": args.roles,
        "centers": args.centers,
        "scopes": args.scopes,
    }
    made = client.send("POST", "/users", body)
    lines = [f"已新建 / created: {made['user']['username']} ({made['user']['account_id']})"]
    if "client_secret" in made:
        lines.append(f"密钥，仅显示一次 / secret, shown once: {made['client_secret']}")
    if "password_link" in made:
        lines.append(_link(made["password_link"]))
    return "\n".join(lines)


def _list(client: AdminClient, args: argparse.Namespace) -> str:
    users = client.every("/users", org_id=args.org, role=args.role)
    return sheet(
        ("用户名", "姓名", "机构", "角色", "中心", "启用", "账号"),
        [
            [user[key] for key in ("username", "name", "org_id", "roles", "centers", "active", "account_id")]
            for user in users
        ],
    )


def _disable(client: AdminClient, args: argparse.Namespace) -> str:
    client.send("PATCH", f"/users/{client.account_id(args.username_of)}", {"active": False})
    return f"已停用 / closed: {args.username_of}"


def _enable(client: AdminClient, args: argparse.Namespace) -> str:
    client.send("PATCH", f"/users/{client.account_id(args.username_of)}", {"active": True})
    return f"已启用 / open: {args.username_of}"


def _reset_password(client: AdminClient, args: argparse.Namespace) -> str:
    return _link(client.send("POST", f"/users/{client.account_id(args.username_of)}/password-reset"))


def _revoke(client: AdminClient, args: argparse.Namespace) -> str:
    client.send("POST", f"/users/{client.account_id(args.username_of)}/revoke")
    return f"会话已全部失效 / every session ended: {args.username_of}"


def _revoke_certificate(client: AdminClient, args: argparse.Namespace) -> str:
    path = f"/users/{client.account_id(args.username_of)}/signing-credential/revoke"
    revoked = client.send("POST", path, {"reason": args.reason})
    return f"证书已吊销 / certificate revoked: {revoked['serial']}"


def _link(link: dict[str, str]) -> str:
    return f"设置密码的一次性链接 / one-time link for the password: {link['link']}"
