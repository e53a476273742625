"""What ``gongzhen clinic`` does: check, send again, or run until told to stop."""

import argparse
import signal

from clinic.check import check
from clinic.config import read_config
from clinic.program import Program, hold_alone
from clinic.spool import batches
from clinic.spool.spool import Spool
from deploy.cli.sheet import sheet
from shared.telemetry import configure_logging


def run(args: argparse.Namespace) -> int:
    config = read_config(args.config)
    if args.check:
        findings = list(check(config))
        print(sheet(("项目", "正常", "说明"), [(each.name, each.is_good, each.detail) for each in findings]))
        return 0 if all(each.is_good for each in findings) else 1
    if args.retry:
        return _retry(args)
    configure_logging("clinic", args.log_level)
    program = Program(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: program.request_stop())
    try:
        program.start()
        if program.dicom is not None:
            print(f"DICOM {config.dicom.ae_title} {config.dicom.bind}:{program.dicom.port}", flush=True)
        print(f"ready http://127.0.0.1:{program.status.port}", flush=True)
        program.ended.wait()
    finally:
        program.stop()
    return 1 if program.failed.is_set() else 0


def _retry(args: argparse.Namespace) -> int:
    config = read_config(args.config)
    with hold_alone(config.spool.folder):
        spool = Spool(config)
        try:
            count = batches.unpark(spool.database, None if args.retry == "all" else args.retry)
        finally:
            spool.close()
    print(f"将重新发送 {count} 次上传 / will be sent again: {count}")
    return 0 if count else 1
