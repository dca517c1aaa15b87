"""Trusted proxies, and the client address that they report.

Any client can send forwarded headers. They count only from a direct peer in TRUSTED_PROXIES,
and the chain is read from the right, where trusted proxies append.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = IPv4Network | IPv6Network
# Bits of the largest public network that one organisation can have, by IP version.
MIN_PREFIX = {4: 8, 6: 16}


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Networks to trust; ``unix`` trusts peers without an address, on a unix socket."""

    networks: tuple[Network, ...] = ()
    unix: bool = False

    def __bool__(self) -> bool:
        return bool(self.networks) or self.unix

    def trust(self, peer: str) -> bool:
        address = read_address(peer)
        if address is None:
            return self.unix and not peer
        return any(address in network for network in self.networks)


def trusted_proxies(text: str) -> TrustedProxies:
    """Parse addresses, networks and ``unix``, between commas or spaces; raise ValueError."""
    words = [word for word in re.split(r"[,\s]+", text) if word]
    networks = [read_network(word) for word in words if word != "unix"]
    joined: list[Network] = [
        *ipaddress.collapse_addresses(net for net in networks if isinstance(net, IPv4Network)),
        *ipaddress.collapse_addresses(net for net in networks if isinstance(net, IPv6Network)),
    ]
    for network in joined:
        if network.prefixlen < MIN_PREFIX[network.version] and not network.is_private:
            raise ValueError(f"covers {network}: with so many trusted, anyone can forge addresses.")
    return TrustedProxies(tuple(joined), unix="unix" in words)


def read_network(word: str) -> Network:
    """Parse an address or a network; raise ValueError.

    ``::ffff:192.0.2.1`` is an IPv4 address, as which ``read_address`` returns such peers too.
    """
    try:
        network = ipaddress.ip_network(word)
    except ValueError as exc:
        raise ValueError(f"has {word!r}, which is no address or network: {exc}.") from exc
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return ipaddress.ip_network((mapped, network.prefixlen - 96)) if mapped else network


@lru_cache(maxsize=256)  # a request asks for the same two or three several times
def read_address(text: str) -> Address | None:
    """Parse an address as proxies write it, with port, brackets and scope, or return None."""
    bare = re.fullmatch(r"\[([^\]]+)\](?::\d+)?|([0-9.]+):\d+|(.+)", text.strip())
    if not bare:
        return None
    try:
        address = ipaddress.ip_address(next(part for part in bare.groups() if part).split("%")[0])
    except ValueError:
        return None
    # A socket for both families shows IPv4 peers as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address


def client_address(peer: str, chain: Sequence[str], trusted: TrustedProxies) -> str:
    """Return the first address from the right that is not a trusted proxy.

    The direct peer counts if it is not trusted or the chain has an unreadable part.
    """
    address = read_address(peer)
    direct = str(address) if address else peer
    if not trusted.trust(peer):
        return direct
    client = direct
    for hop in reversed(chain):
        address = read_address(hop)
        if address is None:
            return direct
        client = str(address)
        if not trusted.trust(client):
            break
    return client
