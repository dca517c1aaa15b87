"""WSGI middleware for a site under a path of its host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def under_prefix(application: WSGI, prefix: str) -> WSGI:
    """Move ``prefix`` from PATH_INFO to SCRIPT_NAME, as PEP 3333 defines them.

    A path without the prefix passes unchanged: a probe may call the port directly.
    """

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == prefix or path.startswith(prefix + "/"):
            environ["SCRIPT_NAME"] = prefix
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        return application(environ, start_response)

    return serve if prefix else application
