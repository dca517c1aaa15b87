"""Read the source code of the product: its modules, their imports and functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


@cache
def modules(folder: str = "dashboard") -> dict[str, str]:
    """Return the source of every module of the product, or of another folder, by its name."""
    found = {}
    for path in sorted((PROJECT / folder).rglob("*.py")):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path.read_text()
    return found


parsed = cache(ast.parse)  # several tests read each module


def written_modules() -> dict[str, str]:
    """Return all modules of the product and its tests but migrations, which Django writes."""
    skipped = ("dashboard.migrations",)
    sources = modules() | modules("tests")
    return {name: source for name, source in sources.items() if not starts_with(name, skipped)}


def package_of(module: str) -> str:
    """Return the first two parts of a name: ``dashboard.audit`` of ``dashboard.audit.trail``."""
    return ".".join(module.split(".")[:2])


def starts_with(name: str, packages: tuple[str, ...] | set[str]) -> bool:
    """Return True if a dotted name is one of the packages or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@cache
def imported_names(module: str, source: str, *, typing_only: bool = True) -> set[str]:
    """Return the full names that a module imports, at any level of its code.

    ``typing_only=False`` leaves out imports under ``if TYPE_CHECKING``.
    """
    found: set[str] = set()
    for node in statements(parsed(source), typing_only=typing_only):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = ".".join([*module.split(".")[: -node.level or None], node.module or ""])
            base = start.rstrip(".") if node.level else str(node.module)
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def statements(node: ast.AST, *, typing_only: bool = True) -> Iterator[ast.AST]:
    """Yield a module and its statements, at any level, without their expressions.

    ``typing_only=False`` leaves out what is under ``if TYPE_CHECKING``.
    """
    yield node
    for child in ast.iter_child_nodes(node):
        is_typing = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if isinstance(child, STATEMENTS) and (typing_only or not is_typing):
            yield from statements(child, typing_only=typing_only)


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method."""
    for node in statements(parsed(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
