"""Forms are read as UTF-8, in which every page of ours sends them."""

from __future__ import annotations

from django.http import HttpResponseBase

from dashboard.edge.request import EdgeRequest, Handler


def middleware(get_response: Handler) -> Handler:
    """Let no request name another encoding: some decode to text that no page can show.

    Bytes that are not UTF-8 become U+FFFD. https://url.spec.whatwg.org/#application/x-www-form-urlencoded
    """

    def handle(request: EdgeRequest) -> HttpResponseBase:
        request.encoding = "utf-8"
        return get_response(request)

    return handle
