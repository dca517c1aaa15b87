"""WSGI middleware below Django: the body of a request, and the path within the site."""

import io
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import is_valid_path

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
ARRIVED_PATH = "holdfast.arrived_path"  # key of the environ: PATH_INFO as the server set it


def prepared(application: Application) -> Application:
    """Return the application with a request that Django reads as the person sent it."""

    def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        read_body(environ)
        take_prefix_off(environ)
        return application(environ, start_response)

    return serve


def read_body(environ: Environ) -> None:
    """Read the body and set the length of a chunked one, without which Django sees no form.

    The server resets a connection with much of a body left unread. Then nginx may lose the answer
    and take the machine for broken: a few such requests would leave people without any machine.
    A body over the limit is left, for Django refuses it; of a chunked one, one byte more than the
    limit is read. A body that breaks off counts as empty.
    """
    limit, length = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, environ.get("CONTENT_LENGTH") or ""
    is_chunked = "HTTP_TRANSFER_ENCODING" in environ and not length
    if is_chunked and environ.get("wsgi.input_terminated"):
        wanted = limit + 1
    elif length.isdecimal() and int(length) <= limit:
        wanted = int(length)
    else:
        return
    try:
        body = environ["wsgi.input"].read(wanted)
    except OSError:  # the client went away, or sent no valid chunks
        body = b""
    if len(body) < wanted and not is_chunked:
        body = b""
    environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}


def take_prefix_off(environ: Environ) -> None:
    """Set PATH_INFO to the path within the site, for proxies that keep or remove the prefix.

    A few paths make sense both ways: with the prefix /admin, ``/admin/`` is the board behind a
    proxy that keeps the prefix, and the page of people behind one that removes it. Then a trusted
    proxy's ``X-Forwarded-Prefix`` says that it was removed; without one, it was kept.
    """
    prefix, path = settings.PUBLIC_ADDRESS.prefix, environ.get("PATH_INFO", "")
    environ[ARRIVED_PATH] = path
    if not prefix:
        return
    environ["SCRIPT_NAME"] = prefix
    if is_below(prefix, path):
        kept, removed = path[len(prefix) :] or "/", path
        readings = (removed, kept) if says_removed(environ, prefix) else (kept, removed)
        environ["PATH_INFO"] = next(filter(is_own_path, readings), kept)


def is_below(prefix: str, path: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


def says_removed(environ: Environ, prefix: str) -> bool:
    said = environ.get("HTTP_X_FORWARDED_PREFIX", "").strip().rstrip("/")
    return bool(said == prefix and settings.TRUSTED_PROXIES.trust(environ.get("REMOTE_ADDR", "")))


def is_own_path(path: str) -> bool:
    """Return True for a page, with or without its last slash, and for a static file."""
    if path.startswith(settings.STATIC_URL.removeprefix(settings.PUBLIC_ADDRESS.prefix)):
        return True
    return bool(is_valid_path(path) or is_valid_path(f"{path}/"))


@cache
def is_ambiguous(prefix: str) -> bool:
    """Return True if pages of the site have the same path as the prefix."""
    return bool(prefix) and is_own_path(prefix)
