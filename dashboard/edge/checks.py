"""What ``manage.py check --deploy`` says about a set-up that starts, but not as it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


def connect() -> None:
    """Take up the duty; called once, when the app is ready."""
    register(check_collected, Tags.staticfiles, deploy=True)


def check_collected(**_kwargs: Any) -> list[CheckMessage]:
    """Without its collected files the site works and looks like nothing."""
    if settings.DEBUG or (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file():
        return []
    text = f"There are no collected static files in STATIC_ROOT, {str(settings.STATIC_ROOT)!r}."
    return [Warning(text, hint="Run 'manage.py collectstatic'.", id="edge.W001")]
