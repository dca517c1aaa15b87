"""System checks for ``manage.py check --deploy``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


def connect() -> None:
    """Register the checks; called once, when the app is ready."""
    register(check_collected, Tags.staticfiles, deploy=True)
    register(check_trusted_proxies, Tags.security, deploy=True)
    register(check_calcom_key, Tags.compatibility)


def check_collected(**_kwargs: Any) -> list[CheckMessage]:
    """Warn if the static files were not collected: pages would have no styles or scripts."""
    if settings.DEBUG or (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file():
        return []
    text = f"There are no collected static files in STATIC_ROOT, {str(settings.STATIC_ROOT)!r}."
    return [Warning(text, hint="Run 'manage.py collectstatic'.", id="edge.W001")]


def check_trusted_proxies(**_kwargs: Any) -> list[CheckMessage]:
    """Warn if a public site trusts no proxy: gunicorn itself ends no TLS, so there is one."""
    if settings.DEBUG or settings.PUBLIC_ADDRESS.is_loopback or settings.TRUSTED_PROXIES:
        return []
    text = (
        "TRUSTED_PROXIES is not set, so all clients of a proxy share its address: wrong passwords"
        " of one delay sign-in for all, and the audit log cannot tell them apart."
    )
    hint = "Set it to the proxy's address, such as 127.0.0.1, or to unix for a unix socket."
    return [Warning(text, hint=hint, id="edge.W002")]


def check_calcom_key(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of a key without the prefix that cal.com's own guards look for."""
    if settings.CALCOM_API_KEY.startswith("cal_"):
        return []
    text = "CALCOM_API_KEY does not begin with cal_, and cal.com refuses most such keys."
    hint = "If pages say that cal.com rejects the key, make a new one at cal.com."
    return [Warning(text, hint=hint, id="edge.W003")]
