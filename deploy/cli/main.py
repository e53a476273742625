"""``gongzhen``: run a region, show what it does, migrate, administer, verify, audit, rebuild."""

import argparse
import sys
from importlib import import_module

from deploy.local.problems import CannotStart
from shared.errors import GongzhenError

# Modules beside this one, each with ``add_parser(subparsers)``. Only the one that is called is imported: the others
# bring PDF, DICOM and web libraries that would slow the region's start.
COMMANDS = ("up", "demo", "migrate", "verify", "audit", "admin", "replay", "clinic")


def build_parser(names: tuple[str, ...] = COMMANDS) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gongzhen", description="共诊：县域共享诊断中心 / shared diagnostic centres")
    subparsers = parser.add_subparsers(required=True, metavar="command")
    for name in names:
        import_module(f"deploy.cli.{name}").add_parser(subparsers)
    return parser


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    names = (words[0],) if words and words[0] in COMMANDS else COMMANDS
    args = build_parser(names).parse_args(words)
    try:
        return int(args.run(args))
    except CannotStart as problem:
        print(f"gongzhen: {problem}", file=sys.stderr)
        return 1
    except GongzhenError as problem:
        print(f"gongzhen: {problem.detail} ({problem.code})", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
