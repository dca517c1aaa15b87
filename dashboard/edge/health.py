"""For the operator's probes: is the process alive, and can it do its work?

The middleware stands first of all, so that no host check, redirect or sign-in is in the way.
"""

from __future__ import annotations

import functools
import logging

from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from dashboard.edge.request import EdgeRequest, Handler

log = logging.getLogger(__name__)


@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """Ok as long as the process answers at all; touches nothing."""
    return _answer(ok=True)


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Ok when the database answers and has every migration of this version. Why not is logged."""
    try:
        missing = _expected().difference(MigrationRecorder(connection).applied_migrations())
    except Error as exc:
        log.error("Not ready: %s", exc)  # noqa: TRY400 - the way to it tells nothing
        return _answer(ok=False)
    if missing:
        log.error(
            "Not ready: migrations are missing (%d); manage.py migrate adds them", len(missing)
        )
    return _answer(ok=not missing)


@functools.cache
def _expected() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None)
    return frozenset(loader.disk_migrations or ())


def _answer(*, ok: bool) -> HttpResponse:
    words, status = ("ok", 200) if ok else ("not ok", 503)
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(words, status=status, content_type="text/plain", headers=headers)


PROBES = {"/livez": live, "/readyz": ready}


def middleware(get_response: Handler) -> Handler:
    """Answer the probes and leave everything else to the next."""

    def handle(request: EdgeRequest) -> HttpResponseBase:
        return PROBES.get(request.path_info, get_response)(request)

    return handle
