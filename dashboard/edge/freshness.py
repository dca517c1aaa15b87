"""No browser or proxy keeps a page: pages are about people, and desks are shared."""

from __future__ import annotations

from django.http import HttpResponseBase

from dashboard.edge.request import EdgeRequest, Handler


def middleware(get_response: Handler) -> Handler:
    """Forbid keeping, unless the view has said something else; static files never come here."""

    def handle(request: EdgeRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return handle
