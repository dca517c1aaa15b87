"""What other sites may do with our answers, and our pages with the browser: nothing.

https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Cross-Origin-Resource-Policy
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Permissions-Policy
"""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponseBase

from dashboard.edge.request import EdgeRequest, Handler

UNUSED = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
}


def middleware(get_response: Handler) -> Handler:
    """Say so with every answer; of "nothing new" the browser has it from the last one."""

    def handle(request: EdgeRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code != HTTPStatus.NOT_MODIFIED:
            for name, value in HEADERS.items():
                response[name] = value
        return response

    return handle
