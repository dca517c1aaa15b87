"""Add a migration to those of the product, for one test."""

import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.db.migrations.loader import MigrationLoader

import dashboard.migrations


def add_migration(
    source: str, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copy all migrations and add ``source``, with its dependency for ``{leaf!r}``."""
    package = folder / f"migrations_{secrets.token_hex(4)}"  # Python keeps imported ones
    own = Path(dashboard.migrations.__file__).parent
    shutil.copytree(own, package, ignore=shutil.ignore_patterns("__pycache__"))
    ((_app, leaf),) = MigrationLoader(None).graph.leaf_nodes("dashboard")
    (package / "9999_more.py").write_text(source.format(leaf=leaf))
    monkeypatch.syspath_prepend(folder)
    settings.MIGRATION_MODULES = {"dashboard": package.name}
