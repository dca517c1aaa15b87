"""Read what proxies say about a request, in ``X-Forwarded-*`` or ``Forwarded``.

https://www.rfc-editor.org/rfc/rfc7239
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# A pair, and the separator of pairs (;) or of the entries of several proxies (,). Real proxies
# leave the quotes out around a port or an IPv6 address.
PAIR = re.compile(
    r"""\s*+(?:([\w!#$%&'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s"\\,;=]*))?\s*+([,;]|$)""", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Parts of a request as proxies have passed them on; empty where they say nothing."""

    chain: tuple[str, ...] = ()  # the client's address, then each proxy's but the nearest
    scheme: str = ""  # http or https, as the nearest proxy got the request
    host: str = ""

    def contradicts(self, other: Forwarding) -> bool:
        """Return True if both say something about the same part, and not the same."""
        pairs = ((self.scheme, other.scheme), (self.chain[-1:], other.chain[-1:]))
        return any(one and two and one != two for one, two in pairs)


def read_forwarding(headers: Mapping[str, str]) -> Forwarding:
    """Return what the headers of a trusted proxy say; ``headers`` has the names of CGI.

    ``X-Forwarded-*`` win: most proxies set them and pass a client's own ``Forwarded`` on.
    """
    usual = usual_forwarding(headers)
    return usual if usual.chain or usual.scheme else standard_forwarding(headers, usual.host)


def usual_forwarding(headers: Mapping[str, str]) -> Forwarding:
    """Read X-Forwarded-For, -Proto and -Host. Proxies append, so the last value is the nearest."""
    chain = headers.get("HTTP_X_FORWARDED_FOR", "")
    scheme = headers.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2]
    host = headers.get("HTTP_X_FORWARDED_HOST", "").rpartition(",")[2]
    hops = tuple(hop.strip() for hop in chain.split(",")) if chain else ()
    return Forwarding(hops, known_scheme(scheme), host.strip())


def standard_forwarding(headers: Mapping[str, str], host: str = "") -> Forwarding:
    """Read ``Forwarded``. Return nothing but ``host`` if it is missing or unreadable."""
    try:
        entries = parse_forwarded(headers.get("HTTP_FORWARDED", ""))
    except ValueError:
        entries = []
    if not entries:
        return Forwarding(host=host)
    hops = tuple(entry.get("for", "unknown") for entry in entries)
    nearest = entries[-1]
    return Forwarding(hops, known_scheme(nearest.get("proto", "")), nearest.get("host", host))


def parse_forwarded(text: str) -> list[dict[str, str]]:
    """Return the entries of all proxies, the nearest last, by lower-case name; raise ValueError."""
    entries: list[dict[str, str]] = [{}]
    position = 0
    while position < len(text):
        match = PAIR.match(text, position)
        if not match or (match[1] and match[1].lower() in entries[-1]):
            raise ValueError("is no Forwarded header that can be read")
        if match[1]:
            entries[-1][match[1].lower()] = unquoted(match[2])
        if match[3] == ",":
            entries.append({})
        position = match.end()
    return entries if text.strip() else []


def unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def known_scheme(text: str) -> str:
    """Return http or https, or "" for anything else."""
    scheme = text.strip().lower()
    return scheme if scheme in ("http", "https") else ""
