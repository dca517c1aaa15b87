"""Serving under a path: what people type is what the server gets, prefix included."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def mounted(application: WSGI, prefix: str) -> WSGI:
    """Move ``prefix`` from the path to SCRIPT_NAME, as PEP 3333 has it for mounted applications.

    A path without the prefix passes as it is: a probe may ask the port directly.
    """

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(prefix + "/"):
            environ["SCRIPT_NAME"] = prefix
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        return application(environ, start_response)

    return serve if prefix else application
