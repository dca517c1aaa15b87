"""System checks for ``manage.py check --deploy``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


def connect() -> None:
    """Register the checks; called once, when the app is ready."""
    register(check_collected, Tags.staticfiles, deploy=True)


def check_collected(**_kwargs: Any) -> list[CheckMessage]:
    """Warn if the static files were not collected: pages would have no styles or scripts."""
    if settings.DEBUG or (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file():
        return []
    text = f"There are no collected static files in STATIC_ROOT, {str(settings.STATIC_ROOT)!r}."
    return [Warning(text, hint="Run 'manage.py collectstatic'.", id="edge.W001")]
