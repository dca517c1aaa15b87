"""PUBLIC_URL, the address that people type, and what derives from it."""

import ipaddress
import re
from dataclasses import dataclass

from dashboard.edge.setting_readers import web_address

DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MAX_NAME = 253  # characters, as in the DNS


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Parts of PUBLIC_URL. ``prefix`` is empty or starts with a slash, and never ends with one."""

    scheme: str
    host: str
    port: int
    prefix: str

    @property
    def is_https(self) -> bool:
        return self.scheme == "https"

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host.strip("[]"))

    @property
    def origin(self) -> str:
        """Scheme, host and port as browsers write them, without the scheme's default port."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        return f"{self.host}:{self.shown_port}" if self.shown_port else self.host

    @property
    def shown_port(self) -> str:
        """Port as browsers write it: empty for the scheme's default port."""
        return "" if self.port == DEFAULT_PORTS[self.scheme] else str(self.port)

    @property
    def hosts(self) -> list[str]:
        """Allowed values of the Host header: all loopback names for a loopback address."""
        return sorted({self.host, *LOOPBACK_HOSTS}) if self.is_loopback else [self.host]

    @property
    def cookie_path(self) -> str:
        return self.prefix or "/"

    def cookie_name(self, purpose: str) -> str:
        """Return a name that no other site on this host has, whatever its port or path.

        Browsers accept a cookie with one of these prefixes over https only, and ``__Host-`` only
        from this very host, not from another one of its domain.
        https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie-prefixes
        """
        guard = ("__Secure-" if self.prefix else "__Host-") if self.is_https else ""
        words = ("holdfast", purpose, self.shown_port, self.prefix[1:].replace("/", "."))
        return guard + "_".join(filter(None, words))

    def __str__(self) -> str:
        return self.origin + self.prefix


def is_loopback(host: str) -> bool:
    """Return True if only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def public_address(text: str) -> PublicAddress:
    """Parse an address such as ``https://desk.example.org/holds``; raise ValueError."""
    parts = web_address(text)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    if port in DEFAULT_PORTS.values() and port != DEFAULT_PORTS[parts.scheme]:
        raise ValueError(f"must not join {parts.scheme}:// and port {port} of the other scheme.")
    return PublicAddress(parts.scheme, sent_host(str(parts.hostname)), port, parts.path.rstrip("/"))


def sent_host(name: str) -> str:
    """Return a host as browsers send it; raise ValueError for one that they or Django refuse.

    Browsers read a name whose last part is a number as an IPv4 address.
    https://url.spec.whatwg.org/#host-parsing
    """
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        labels = name.split(".")
        is_number = re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1])
        if is_number or len(name) > MAX_NAME or not all(map(LABEL.fullmatch, labels)):
            wanted = "of letters, digits and inner hyphens between single dots, or an IP address"
            raise ValueError(f"must have a host {wanted}, not {name!r}.") from None
        return name
    return f"[{address}]" if address.version == 6 else str(address)
