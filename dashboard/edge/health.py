"""Health probes for the operator: process alive (``/livez``), ready to work (``/readyz``)."""

import functools
import logging
import time

from django.apps import apps
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.edge import database

CHECKED_FOR = 10  # seconds that a probe relies on the last write

log = logging.getLogger(__name__)


@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """Answer ok while the process answers at all; use no database."""
    return plain("ok")


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Answer ok if the database is migrated and takes writes; log the reason if not."""
    upstream = apps.get_model("dashboard", "Upstream").objects.values_list("answered_at", flat=True)
    try:
        reason = why_not_ready()
        answered = None if reason else upstream.first()
    except Error as exc:  # the database has gone since
        reason = database.error_text(exc)
    if reason:
        log.error("Not ready: %s", reason)
        return plain("not ok", status=503)
    response = plain("ok")
    # Reported only: without cal.com, Holdfast still shows what is held.
    response["X-Calcom-Answered"] = str(answered or "never")
    return response


def why_not_ready() -> str:
    """Return what keeps Holdfast from working; "" for nothing."""
    try:
        applied = set(MigrationRecorder(connection).applied_migrations())
        if missing := migrations_on_disk() - applied:
            # Of a disk that is not mounted, or a mistyped address, SQLite makes a new file.
            which = len(missing) if applied else "all: see that DATABASE_URL names the right one"
            return f"migrations are missing ({which}); manage.py migrate adds them"
        return write_refusal(int(time.monotonic() // CHECKED_FOR))
    except Error as exc:
        return database.error_text(exc)


@functools.lru_cache(maxsize=1)
def write_refusal(_period: int) -> str:
    """Return why the database takes no writes, asked once in a period: each write costs a sync."""
    refusal = database.write_refusal(connection)
    return refusal and f"the database takes no writes: {refusal}"


@functools.cache
def migrations_on_disk() -> frozenset[tuple[str, str]]:
    """Return (app, name) of every migration of all installed apps."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def plain(
    text: str | bytes, *, status: int = 200, content_type: str = "text/plain"
) -> HttpResponse:
    """Return a text that must not be cached."""
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(text, status=status, content_type=content_type, headers=headers)


PROBES = {"/livez": live, "/readyz": ready}
