"""One id per request: in the log, in the audit, and in the answer for whoever reports a fault."""

from __future__ import annotations

import contextvars
import logging
import re
import uuid

from django.http import HttpResponseBase

from dashboard.edge.request import EdgeRequest, Handler

WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")


def middleware(get_response: Handler) -> Handler:
    """Set ``request.request_id``: a trusted proxy's own if it is well-formed, else a new one."""

    def handle(request: EdgeRequest) -> HttpResponseBase:
        request.request_id = _request_id(request)
        before = current.set(request.request_id)
        try:
            response = get_response(request)
        finally:
            current.reset(before)
        response["X-Request-Id"] = request.request_id
        return response

    return handle


def _request_id(request: EdgeRequest) -> str:
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    if request.from_trusted_proxy and WELL_FORMED.fullmatch(given):
        return str(given)
    return uuid.uuid4().hex


class RequestIdFilter(logging.Filter):
    """Gives every log record the id of the request it was written in, or a dash."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django writes of a refused request when it is over, and then the record names it.
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", current.get())
        return True


class OneLine(logging.Formatter):
    """One line per record, tracebacks included: nobody forges a second one with a line break."""

    def format(self, record: logging.LogRecord) -> str:
        return (
            super().format(record).replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n")
        )
