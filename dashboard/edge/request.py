"""What a request carries once it has come through this room."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase


class EdgeRequest(HttpRequest):
    """For annotations: Django makes the object, the middleware of this room adds to it."""

    environ: dict[str, Any]  # of WSGI
    client_address: str  # where it began, as far as we believe the proxies; "" on a unix socket
    from_trusted_proxy: bool
    request_id: str


Handler = Callable[[EdgeRequest], HttpResponseBase]
