"""Which proxies we believe, and whom they speak for.

Anybody can send ``X-Forwarded-*``. It counts only from a direct peer that TRUSTED_PROXIES names,
and the chain is read from the right, where our own proxies wrote.
https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For
"""

from __future__ import annotations

import ipaddress
import logging
import re
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponsePermanentRedirect

from dashboard.edge.request import EdgeRequest, Handler

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
PEERS_TOLD = 8  # one warning for each of the first peers is enough to mend a set-up

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """``unix`` is for a server behind a unix socket, where a peer has no address."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    def trust(self, peer: str) -> bool:
        address = read_address(peer)
        if address is None:
            return self.unix and not peer
        return any(address in network for network in self.networks)


def trusted_proxies(text: str) -> TrustedProxies:
    """Read addresses, networks and the word ``unix``, between commas or spaces."""
    words = [word for word in re.split(r"[,\s]+", text) if word]
    networks = tuple(_network(word) for word in words if word != "unix")
    return TrustedProxies(networks, unix="unix" in words)


def _network(word: str) -> Network:
    try:
        network = ipaddress.ip_network(word)
    except ValueError as exc:
        raise ValueError(f"has {word!r}, which is no address or network: {exc}.") from exc
    if network.prefixlen == 0:
        raise ValueError(f"has {word!r}: with everybody trusted, anybody forges addresses.")
    return network


def read_address(text: str) -> Address | None:
    """An address as proxies write it (perhaps with port, brackets or scope), or None."""
    bare = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([0-9.]+):\d+|(.+)", text.strip())
    if not bare:
        return None
    try:
        address = ipaddress.ip_address(next(part for part in bare.groups() if part).split("%")[0])
    except ValueError:
        return None
    # A socket for both families shows IPv4 peers as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address


def client_address(peer: str, forwarded_for: str, trusted: TrustedProxies) -> str:
    """Where a request began: the first address from the right that is no proxy of ours.

    A chain that cannot be read counts as none, and the direct peer stands.
    """
    known = read_address(peer)
    own = str(known) if known else peer
    if not forwarded_for or not trusted.trust(peer):
        return own
    client = own
    for hop in reversed(forwarded_for.split(",")):
        address = read_address(hop)
        if address is None:
            return own
        client = str(address)
        if not trusted.trust(client):
            break
    return client


def forwarded_scheme(forwarded_proto: str) -> str:
    """http or https as the nearest proxy says it (the last of a list), or nothing."""
    scheme = forwarded_proto.rpartition(",")[2].strip().lower()
    return scheme if scheme in ("http", "https") else ""


def middleware(get_response: Handler) -> Handler:
    """Set ``request.client_address`` and the scheme; forget headers that do not count."""

    def handle(request: EdgeRequest) -> HttpResponseBase:
        trusted: TrustedProxies = settings.TRUSTED_PROXIES
        peer = request.META.get("REMOTE_ADDR", "")
        believed = trusted.trust(peer)
        if not believed:
            _forget(request, peer)
        chain = request.META.get("HTTP_X_FORWARDED_FOR", "")
        request.client_address = client_address(peer, chain, trusted)
        request.from_trusted_proxy = believed
        scheme = forwarded_scheme(request.META.get("HTTP_X_FORWARDED_PROTO", ""))
        if scheme:
            request.environ["wsgi.url_scheme"] = scheme
        if scheme == "http" and settings.PUBLIC_ADDRESS.is_https:
            return _to_https(request)
        return get_response(request)

    return handle


def _to_https(request: HttpRequest) -> HttpResponseBase:
    # Only where a trusted proxy says http: guessing would loop behind one that is not trusted.
    return HttpResponsePermanentRedirect(settings.PUBLIC_ADDRESS.origin + request.get_full_path())


_told: set[str] = set()


def _forget(request: HttpRequest, peer: str) -> None:
    found = [name for name in FORWARDED if request.META.pop(name, "")]
    if found and peer not in _told and len(_told) < PEERS_TOLD:
        _told.add(peer)
        name = peer or "unix"
        logger.warning("Forwarded headers from %s do not count: not in TRUSTED_PROXIES", name)
