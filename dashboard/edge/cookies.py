"""Cookies as browsers keep them."""

from __future__ import annotations

from django.http import HttpResponseBase

from dashboard.edge.request import EdgeRequest, Handler


def middleware(get_response: Handler) -> Handler:
    """Forget cookies with control characters: none of ours has any.

    A server in front refuses them as bytes, but quoted ones may have them in octal, and no
    PostgreSQL looks for a session with a NUL in its key.
    https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
    """

    def handle(request: EdgeRequest) -> HttpResponseBase:
        cookies = request.COOKIES
        request.COOKIES = {name: text for name, text in cookies.items() if text.isprintable()}
        return get_response(request)

    return handle
