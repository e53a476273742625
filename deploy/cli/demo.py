"""``gongzhen demo``: the main job end to end on real input; exit 0 when every report came back and verified."""

import argparse
import os
import sys
import time
from pathlib import Path

import httpx

from deploy.cli.subparsers import Subparsers
from deploy.cli.verify import ROOTS_FILE, ROOTS_PATH
from deploy.demo import ecg, imaging, lab
from deploy.demo.client import DemoFailed
from deploy.demo.region import running_region
from deploy.demo.story import play, sign_everybody_in, verify_offline
from deploy.demo.table import table_of

_CENTERS = (imaging, ecg, lab)


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("demo", help="从上传到签发走一遍 / the main job end to end, then stop")
    parser.add_argument("--out", type=Path, default=Path(".run/demo"), help="报告存放处 / where reports are put")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    folder: Path = args.out.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    try:
        with running_region(_tell) as address:
            _tell(f"区域已就绪 {address}（{time.monotonic() - started:.1f} 秒）")
            with httpx.Client(base_url=address, timeout=60, trust_env=False) as http:
                cast = sign_everybody_in(
                    http,
                    os.environ.get("GONGZHEN_DEMO_PASSWORD", "demo-gongzhen"),
                    os.environ.get("GONGZHEN_DEMO_PIN", "135790"),
                )
                outcomes = [play(exam, cast, folder, _tell) for center in _CENTERS for exam in center.exams()]
                roots = folder / ROOTS_FILE
                roots.write_bytes(cast.hospital.fetch(ROOTS_PATH))
        for outcome in outcomes:
            verify_offline(outcome.pdf, roots)
        _tell(f"区域已停止；{len(outcomes)} 份报告离线验证均有效")
    except (DemoFailed, httpx.HTTPError) as problem:
        print(f"demo failed: {problem}", file=sys.stderr)
        return 1
    print()
    print(table_of(outcomes))
    print(f"\n离线验证 / verify offline: {sys.argv[0]} verify --roots {roots} {outcomes[0].pdf}")
    return 0


def _tell(line: str) -> None:
    print(line, flush=True)
