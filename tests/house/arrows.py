"""Who may import whom, as data, and a reader of imports that says which ones are not drawn."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent

# Modules that know a request, a form or a page; nothing below them in their room imports them.
ABOVE = {"dashboard.audit": {"views", "forms"}}
# What each module may import beside the standard library and its own room. The longest name
# that begins a module's own counts; a name here allows everything below it too.
ARROWS: dict[str, set[str]] = {
    # The wire knows HTTP and no Django; the stand-in knows neither us nor it.
    "dashboard.calcom": {"httpx", "httpcore"},  # the latter is what httpx itself sends with
    "dashboard.sandbox": set(),
    "dashboard.edge": {"django", "csp"},
    # The audit knows of holds and people no more than the keys of its entries.
    "dashboard.audit": {"django", "dashboard.accounts.models"},
    "dashboard.audit.views": {"django", "dashboard.accounts.access", "dashboard.accounts.models"},
    "dashboard.accounts": {
        "django",
        "django_htmx",
        "dashboard.audit.trail",
        "dashboard.audit.actor",
        "dashboard.audit.models",
    },
    # Below a view there is no request, no form and no template.
    "dashboard.holds": {
        "django.conf",
        "django.core.cache",
        "django.core.exceptions",
        "django.db",
        "django.utils",
        "dashboard.calcom",
        "dashboard.accounts.models",
        "dashboard.accounts.roles",
        "dashboard.audit.trail",
        "dashboard.audit.actor",
        "dashboard.audit.models",
    },
    "dashboard.pages": {
        "django",
        "dashboard.holds",
        "django_htmx",
        "dashboard.accounts.actors",
        "dashboard.accounts.access",
        "dashboard.accounts.models",
        "dashboard.accounts.roles",
        "dashboard.accounts.saved_forms",
        "dashboard.audit.models",
        "dashboard.audit.search",
        "dashboard.calcom.EventType",
        "dashboard.calcom.Reservation",
    },
    # Django looks for these at the top; they only point into the rooms.
    "dashboard.settings": {"django", "dashboard.edge"},
    "dashboard.urls": {
        "django",
        "dashboard.accounts.admin",
        "dashboard.accounts.policy",
        "dashboard.accounts.views",
        "dashboard.audit.views",
        "dashboard.edge.health",
        "dashboard.pages",
    },
    "dashboard.wsgi": {"django", "dashboard.edge.script_name"},
    "dashboard.apps": {
        "django",
        "dashboard.accounts.groups",
        "dashboard.audit.checks",
        "dashboard.edge.checks",
    },
    "dashboard.models": {
        "dashboard.accounts.models",
        "dashboard.audit.models",
        "dashboard.holds.models",
    },
    "dashboard.migrations": {"django", "dashboard"},
    "dashboard.management": {
        "django",
        "dashboard.accounts.people",
        "dashboard.accounts.models",
        "dashboard.accounts.roles",
        "dashboard.edge",
        "dashboard.holds.settle",
        "dashboard.sandbox",
        "dashboard.settings",
    },
}


def modules() -> Iterator[tuple[str, str]]:
    """Every module of the product, by name and source."""
    for path in sorted((PROJECT / "dashboard").rglob("*.py")):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path.read_text()


def not_drawn(module: str, source: str) -> list[str]:
    """The imports of a module that no arrow allows."""
    allowed = _allowed(module) | {_room(module)}
    upwards = set() if is_above(module) else _above(module)
    return sorted(
        name
        for name in imports(module, source)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and (not _begins(name, allowed) or _begins(name, upwards))
    )


def is_above(module: str) -> bool:
    """Whether a module may know a request."""
    return _begins(module, _above(module))


def _above(module: str) -> set[str]:
    room = _room(module)
    return {f"{room}.{name}" for name in ABOVE.get(room, set())}


def _begins(name: str, starts: set[str]) -> bool:
    return any(name == start or name.startswith(f"{start}.") for start in starts)


def imports(module: str, source: str) -> set[str]:
    """What a module imports when it runs, each name in full."""
    found: set[str] = set()
    for node in _running(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = ".".join([*module.split(".")[: -node.level or None], node.module or ""])
            base = start.rstrip(".") if node.level else str(node.module)
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        typing_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not typing_only:
            yield node
            yield from _running(node)


def _allowed(module: str) -> set[str]:
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((ARROWS[name] for name in names if name in ARROWS), set())


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])
