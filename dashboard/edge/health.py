"""Health probes for the operator: process alive (``/livez``), ready to work (``/readyz``)."""

from __future__ import annotations

import functools
import logging

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)


@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """Answer ok while the process answers at all; use no database."""
    return probe_response(ok=True)


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Answer ok if the database has every migration of this version; log the reason if not."""
    try:
        missing = migrations_on_disk() - set(MigrationRecorder(connection).applied_migrations())
    except Error as exc:
        log.error("Not ready: %s", exc)  # noqa: TRY400 - a traceback adds nothing
        return probe_response(ok=False)
    if missing:
        log.error(
            "Not ready: migrations are missing (%d); manage.py migrate adds them", len(missing)
        )
    return probe_response(ok=not missing)


@functools.cache
def migrations_on_disk() -> frozenset[tuple[str, str]]:
    """Return (app, name) of every migration of all installed apps."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def probe_response(*, ok: bool) -> HttpResponse:
    """Return 200 "ok" or 503 "not ok", as text that must not be cached."""
    words, status = ("ok", 200) if ok else ("not ok", 503)
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(words, status=status, content_type="text/plain", headers=headers)


PROBES = {"/livez": live, "/readyz": ready}
