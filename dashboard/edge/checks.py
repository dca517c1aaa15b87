"""System checks for ``manage.py check --deploy``."""

import filecmp
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.staticfiles, deploy=True)
def check_collected(**_kwargs: Any) -> list[CheckMessage]:
    """Warn if STATIC_ROOT lacks files of this version: pages would miss styles or scripts."""
    if settings.DEBUG:
        return []
    root = str(settings.STATIC_ROOT)
    hint = "Run 'manage.py collectstatic'."
    try:
        text = lack_of_files(root)
    except PermissionError:
        text = f"STATIC_ROOT, {root!r}, has files that this user may not read."
        hint = f"Run 'chmod -R a+rX {root}', and 'manage.py collectstatic' under umask 022."
    except ValueError:  # of a loss of power
        text = f"STATIC_ROOT, {root!r}, has a damaged staticfiles.json."
        hint = "Remove that file, and run 'manage.py collectstatic'."
    return [Warning(text, hint=hint, id="edge.W001")] if text else []


def lack_of_files(root: str) -> str:
    """Return what STATIC_ROOT lacks; "" for nothing. Raises PermissionError."""
    collected = ManifestStaticFilesStorage(root, settings.STATIC_URL)
    outdated = [
        name
        for finder in get_finders()
        for name, storage in finder.list(["CVS", ".*", "*~"])  # as collectstatic
        if not is_same(collected, name, storage.path(name))
    ]
    if not collected.hashed_files:
        return f"There are no collected static files in STATIC_ROOT, {root!r}."
    if outdated:
        return f"STATIC_ROOT, {root!r}, lacks files of this version: {', '.join(outdated[:3])}."
    return ""


def is_same(collected: ManifestStaticFilesStorage, name: str, source: str) -> bool:
    """Return whether the file was collected as it is, and its hashed copy is there."""
    hashed = collected.hashed_files.get(collected.hash_key(name), "")
    paths = [Path(collected.path(name)), Path(collected.path(hashed))]
    return all(path.is_file() for path in paths) and filecmp.cmp(source, paths[0], shallow=False)


@register(Tags.security, deploy=True)
def check_https(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of a public site without TLS, by the variable from which all that needs it derives."""
    if settings.PUBLIC_ADDRESS.is_https or settings.PUBLIC_ADDRESS.is_loopback:
        return []
    text = "PUBLIC_URL begins with http://, so others on the network can read passwords and pages."
    hint = "Let a proxy terminate TLS, and begin PUBLIC_URL with https://."
    return [Warning(text, hint=hint, id="edge.W004")]


@register(Tags.security, deploy=True)
def check_trusted_proxies(**_kwargs: Any) -> list[CheckMessage]:
    """Warn if a public site trusts no proxy: gunicorn terminates no TLS, so there is one."""
    if settings.DEBUG or settings.PUBLIC_ADDRESS.is_loopback or settings.TRUSTED_PROXIES:
        return []
    text = (
        "TRUSTED_PROXIES is not set, so all clients of a proxy share its address: wrong passwords"
        " of one delay sign-in for all, and the audit log cannot tell them apart."
    )
    hint = "Set it to the proxy's address, such as 127.0.0.1, or to unix for a unix socket."
    return [Warning(text, hint=hint, id="edge.W002")]


@register(Tags.compatibility)
def check_calcom_key(**_kwargs: Any) -> list[CheckMessage]:
    """Warn of a key without the prefix that cal.com's own guards look for."""
    if settings.CALCOM_API_KEY.startswith("cal_"):
        return []
    text = "CALCOM_API_KEY does not begin with cal_, and cal.com refuses most such keys."
    hint = "If pages say that cal.com rejects the key, make a new one at cal.com."
    return [Warning(text, hint=hint, id="edge.W003")]
