"""``gongzhen admin policy …``"""

import argparse

from deploy.admin.client import AdminClient
from deploy.cli.sheet import sheet
from deploy.cli.subparsers import Subparsers

_COLUMNS = ("reading_site_id", "center", "rank", "accepts", "signatures", "max_queue", "modalities", "clinics")


def add_parser(subjects: Subparsers) -> None:
    actions = subjects.add_parser("policy", help="阅片规则 / reading policies").add_subparsers(
        required=True, metavar="action"
    )
    actions.add_parser("list", help="列表 / list").set_defaults(act=_list)

    put = actions.add_parser("set", help="设定，整条替换 / put, as a whole")
    _add_key(put)
    put.add_argument("--rank", type=int, default=100, help="小者优先 / the lowest is asked first")
    put.add_argument("--accepts", action=argparse.BooleanOptionalAction, default=True)
    put.add_argument("--signatures", choices=("single", "double"), default="double")
    put.add_argument("--max-queue", type=int)
    put.add_argument("--modality", action="append", default=[], dest="modalities")
    put.add_argument("--clinic", action="append", default=[], dest="clinics", metavar="ORG_ID")
    put.add_argument("--target", action="append", default=[], type=_target, metavar="PRIORITY=SECONDS")
    put.add_argument(
        "--critical",
        action="append",
        default=[],
        type=_target,
        metavar="NAME=SECONDS",
        help="危急值时限，如 acknowledge_s=600 / times of the critical-result loop",
    )
    put.set_defaults(act=_put)

    delete = actions.add_parser("delete", help="删除 / delete")
    _add_key(delete)
    delete.set_defaults(act=_delete)


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reading_site_id", help="医院 / a hospital")
    parser.add_argument("center", choices=("imaging", "ecg", "lab"))


def _target(text: str) -> tuple[str, int]:
    priority, _, seconds = text.partition("=")
    return priority, int(seconds)


def _list(client: AdminClient, _: argparse.Namespace) -> str:
    policies = client.get("/policies")["items"]
    return sheet(
        ("阅片医院", "中心", "次序", "接收", "签名", "队列上限", "检查类型", "优先机构", "时限(秒)"),
        [
            [*(policy.get(column) for column in _COLUMNS), [f"{k}={v}" for k, v in policy["target_s"].items()]]
            for policy in policies
        ],
    )


def _put(client: AdminClient, args: argparse.Namespace) -> str:
    body = {key: getattr(args, key) for key in _COLUMNS[2:]} | {
        "target_s": dict(args.target),
        "critical": dict(args.critical),
    }
    client.send("PUT", f"/policies/{args.reading_site_id}/{args.center}", body)
    return f"已设定 / set: {args.reading_site_id} {args.center}"


def _delete(client: AdminClient, args: argparse.Namespace) -> str:
    client.send("DELETE", f"/policies/{args.reading_site_id}/{args.center}")
    return f"已删除 / deleted: {args.reading_site_id} {args.center}"
