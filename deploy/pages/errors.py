"""docs/errors.md: every code that an answer can carry, found where the code raises it."""

import ast
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import services
import shared
from deploy.pages.table import markdown_table
from services.imaging.parse import FailureCode
from shared.errors import GongzhenError

_HEAD = """# Error codes

Every refusal is `application/problem+json` (RFC 9457) with `code` from this page; `detail` is Chinese text for people
and may change, `code` does not. `errors` names the faults of a payload one by one.

"""


def errors_page(root: Path) -> str:
    _import_everything()
    classes = {item.__name__: item for item in _tree(GongzhenError)}
    rows = {(item.status, item.default_code): (item.title, name) for name, item in classes.items()}
    for path in sorted([*root.glob("shared/**/*.py"), *root.glob("services/**/*.py")]):
        for name, code in _raised(ast.parse(path.read_text(encoding="utf-8")), classes):
            rows.setdefault((classes[name].status, code), (classes[name].title, name))
    table = markdown_table(
        ("status", "code", "meaning", "class"),
        ((str(status), f"`{code}`", title, name) for (status, code), (title, name) in sorted(rows.items())),
    )
    files = markdown_table(("code", "meaning"), ((f"`{code}`", code.detail) for code in FailureCode))
    return f"{_HEAD}{table}\n## Why a file of an imaging upload is refused\n\n{files}"


def _import_everything() -> None:
    """So that every class of the tree is known, whatever was imported before. Importing a module does nothing."""
    for package in (shared, services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                import_module(module.name)


def _tree(root: type[GongzhenError]) -> Iterator[type[GongzhenError]]:
    """The class and all that stand below it, those of the blob stores included."""
    yield root
    for below in root.__subclasses__():
        yield from _tree(below)


def _raised(tree: ast.AST, classes: dict[str, type[GongzhenError]]) -> Iterator[tuple[str, str]]:
    """(class, code) of each call such as ``Conflict("…", code="already_signed")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in classes:
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield node.func.id, str(keyword.value.value)
