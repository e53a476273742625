"""``gongzhen``: run a region, show what it does, migrate its databases, verify a report."""

import argparse
import sys

from deploy.cli import demo, migrate, up, verify
from deploy.local.problems import CannotStart

COMMANDS = (up, demo, migrate, verify)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gongzhen", description="共诊：县域共享诊断中心 / shared diagnostic centres")
    subparsers = parser.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except CannotStart as problem:
        print(f"gongzhen: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
