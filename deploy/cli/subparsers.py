"""The type of what ``add_subparsers`` returns, which argparse keeps to itself and which is generic for mypy only."""

from argparse import ArgumentParser, _SubParsersAction
from typing import TypeAlias

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"
