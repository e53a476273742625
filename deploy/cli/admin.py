"""``gongzhen admin …``: accounts, organizations, policies, contacts and dead letters of a running region.

Signs in as ``--username``, asking for the password unless GONGZHEN_PASSWORD holds it; GONGZHEN_TOKEN may hold an
access token instead. A password is no option: other users of the machine see the options of every process.
"""

import argparse
import getpass
import os
import sys

from deploy.admin import contacts, dead_letters, organizations, policies, quarantine, users
from deploy.admin.client import AdminClient, Refused, connect
from deploy.cli.subparsers import Subparsers

_SUBJECTS = (users, organizations, policies, contacts, quarantine, dead_letters)
_DEFAULT_URL = "http://127.0.0.1:8080"


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "admin",
        help="管理账号、机构与规则 / administer a running region",
        description="Asks for the password, or takes GONGZHEN_PASSWORD or GONGZHEN_TOKEN from the environment.",
    )
    parser.add_argument("--url", default=os.environ.get("GONGZHEN_PUBLIC_URL", _DEFAULT_URL), help="区域地址 / address")
    parser.add_argument("--username", help="管理员 / the administrator")
    subjects = parser.add_subparsers(required=True, metavar="subject")
    for subject in _SUBJECTS:
        subject.add_parser(subjects)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        with connect(args.url) as http:
            token = os.environ.get("GONGZHEN_TOKEN")
            if token:
                client = AdminClient.with_token(http, token)
            else:
                client = AdminClient.sign_in(http, *_name_and_password(args.username))
            print(args.act(client, args))
    except Refused as refused:
        print(f"gongzhen admin: {refused}", file=sys.stderr)
        return 1
    return 0


def _name_and_password(username: str | None) -> tuple[str, str]:
    if not username:
        raise Refused("请用 --username 指明管理员 / name the administrator with --username")
    password = os.environ.get("GONGZHEN_PASSWORD")
    if password is None:
        if not sys.stdin.isatty():
            raise Refused("请设置 GONGZHEN_PASSWORD / set GONGZHEN_PASSWORD where there is no terminal")
        password = getpass.getpass("密码 / password: ")
    return username, password
