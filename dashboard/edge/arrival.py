"""The parts of a request that proxies change, as they arrived."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from dashboard.edge.wsgi_middleware import ARRIVED_PATH, is_ambiguous

FORWARDED = {
    "HTTP_FORWARDED": "Forwarded",
    "HTTP_X_FORWARDED_FOR": "X-Forwarded-For",
    "HTTP_X_FORWARDED_HOST": "X-Forwarded-Host",
    "HTTP_X_FORWARDED_PORT": "X-Forwarded-Port",
    "HTTP_X_FORWARDED_PREFIX": "X-Forwarded-Prefix",
    "HTTP_X_FORWARDED_PROTO": "X-Forwarded-Proto",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """Request as it arrived, without secrets: no query, no value of a cookie, no form."""

    peer: str = ""  # address of the nearest proxy or client; "" on a unix socket
    is_trusted: bool = False
    client: str = ""  # resolved address
    host: str = ""
    path: str = "/"
    origin: str = ""  # of the page that sent the form: scheme, host and port, or "null"
    referer: str = ""  # of the page before, likewise
    is_form: bool = False
    length: int = 0  # bytes of the body
    is_browser_on_https: bool = False
    is_prefix_ambiguous: bool = False
    forwarded: dict[str, str] = field(default_factory=dict)  # by CGI name, also if untrusted


def arrival_of(request: Any) -> Arrival:
    """Return what arrived with a request that has passed ``forwarded_headers``."""
    meta = request.META
    length = meta.get("CONTENT_LENGTH") or "0"
    return Arrival(
        peer=meta.get("REMOTE_ADDR", ""),
        is_trusted=request.from_trusted_proxy,
        client=request.client_address,
        host=request.arrived_host,
        path=meta.get(ARRIVED_PATH, meta.get("PATH_INFO", "")),
        origin=origin_of_url(meta.get("HTTP_ORIGIN", "")),
        referer=origin_of_url(meta.get("HTTP_REFERER", "")),
        is_form=request.method == "POST",
        length=int(length) if length.isdecimal() else 0,
        is_browser_on_https=is_browser_on_https(meta),
        is_prefix_ambiguous=is_ambiguous(settings.PUBLIC_ADDRESS.prefix),
        forwarded=request.arrived_forwarded,
    )


def origin_of_url(url: str) -> str:
    """Return scheme, host and port of an untrusted URL; "null" and "" as they are."""
    if url in ("", "null"):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return "unreadable"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def is_browser_on_https(meta: dict[str, Any]) -> bool:
    """Return True if the browser itself shows that it speaks https, whatever proxies say.

    Browsers send Sec-Fetch-Site only where the connection is safe: by https, or to this machine.
    https://www.w3.org/TR/fetch-metadata/#framework
    """
    address = settings.PUBLIC_ADDRESS
    is_safe = "HTTP_SEC_FETCH_SITE" in meta and not address.is_loopback
    return address.is_https and (is_safe or meta.get("HTTP_ORIGIN") == address.origin)
