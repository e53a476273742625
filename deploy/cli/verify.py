"""``gongzhen verify FILE``: check a report's PDF or JWS on any machine, without the region.

Exit status: 0 valid, 1 not valid or damaged, 2 neither a PDF nor a JWS, or no roots to check against.
"""

import argparse
import logging
import sys
import urllib.request
from pathlib import Path
from urllib.error import URLError

from deploy.cli.subparsers import Subparsers
from shared.clock import show
from shared.errors import GongzhenError
from shared.signing.document import SignerRole
from shared.signing.trust import Trust, load_roots
from shared.signing.verification import Verification, verify_file

ROOTS_FILE = "region-roots.pem"
ROOTS_PATH = "/v1/trust/roots.pem"
_FETCH_TIMEOUT_S = 10
_MAX_ROOTS_BYTES = 1_000_000
_ROLES = {SignerRole.AUTHOR: "报告医师 author", SignerRole.REVIEWER: "审核医师 reviewer"}
_TRUST = {
    Trust.REGION: "本区域根证书 the region's roots",
    Trust.DEVELOPMENT: "开发测试证书，不作临床依据 development certificates, not for clinical use",
    Trust.NONE: "不可信 not trusted",
}


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "verify",
        help="离线验证报告 / verify a signed report",
        description="Checks the signatures of a report's PDF or JWS against the region's roots, by itself. Whether the "
        "region released it, and whether it was replaced since, only the region's gateway can say.",
    )
    parser.add_argument("file", type=Path, help="PDF 或 JWS 文件 / a report")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--roots", type=Path, help="根证书 PEM 文件 / the region's roots")
    source.add_argument("--url", help=f"区域地址，取 {ROOTS_PATH} / the region's address")
    parser.add_argument("--state", type=Path, default=Path(".run"), help="默认 .run / the folder of a region here")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it tells of every spoilt file with a traceback
    try:
        verdict = verify_file(args.file.read_bytes(), load_roots(_roots(args)))
    except (OSError, GongzhenError) as error:
        detail = error.detail if isinstance(error, GongzhenError) else str(error)
        print(f"无法读取 cannot be read: {detail}", file=sys.stderr)
        return 2
    print("\n".join(describe(verdict)))
    return 0 if verdict.valid else 1


def describe(verdict: Verification) -> list[str]:
    """The verdict in lines for people, Chinese before English."""
    lines = [f"{'有效 VALID' if verdict.valid else '无效 NOT VALID'}　{verdict.kind.upper()}"]
    if verdict.report_id:
        lines.append(f"报告 report: {verdict.report_id}　第 {verdict.version} 版 version {verdict.version}")
        lines.append(f"摘要 sha256: {verdict.digest}")
    lines.append(f"信任 trust: {_TRUST[verdict.trust]}")
    for signer in verdict.signers:
        role = _ROLES[signer.role] if signer.role else "未注明 unknown role"
        at = f"{show(signer.signed_at)} (+08:00)" if signer.signed_at else "—"
        lines.append(f"{role}: {signer.name} ({signer.account_id})　{at}　证书 certificate {signer.certificate_serial}")
    lines.extend(f"问题 problem: {problem.detail} ({problem.code})" for problem in verdict.problems)
    return lines


def _roots(args: argparse.Namespace) -> bytes:
    if args.url:
        url = args.url.rstrip("/") + ROOTS_PATH
        if not url.startswith(("http://", "https://")):
            raise URLError("地址须以 http:// 或 https:// 开头")
        with urllib.request.urlopen(url, timeout=_FETCH_TIMEOUT_S) as answer:
            return bytes(answer.read(_MAX_ROOTS_BYTES))
    path: Path = args.roots or args.state / ROOTS_FILE
    return path.read_bytes()
