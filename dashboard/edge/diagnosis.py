"""Find what is wrong between browser and Holdfast: what arrived and PUBLIC_URL in, faults out.

The texts are for operators, like the settings' own: in the log, in commands and for Admins.
"""

import logging
import re
import time
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.http.request import split_domain_port

from dashboard.edge.arrival import FORWARDED, Arrival
from dashboard.edge.forwarded import read_forwarding, standard_forwarding, usual_forwarding
from dashboard.edge.proxies import read_address
from dashboard.edge.public_address import PublicAddress
from dashboard.edge.wsgi_middleware import is_below

INTERVAL_SECONDS = 60  # between two warnings of a fault, which every request would repeat

logger = logging.getLogger("dashboard.edge.network")
logged_at: dict[str, float] = {}  # of this process, by kind of fault
# For each kind of fault its usual text, if it has one, and the line that mends it by proxy.
FAULTS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("remedies.toml").read_text(encoding="utf-8")
)


class NetworkFault:
    """A fault of a kind in FAULTS: a text, and the lines that mend it, with these values."""

    def __init__(self, kind: str, text: str = "", **values: object) -> None:
        def filled(line: str) -> str:
            return re.sub(r"<(\w+)>", lambda name: str(values.get(name[1], name[0])), line)

        self.kind = kind
        self.lines = {name: filled(line) for name, line in FAULTS[kind].items()}
        usual = self.lines.pop("text", "")
        self.text = text or usual

    def __str__(self) -> str:
        return " | ".join([self.text, *(f"{name}: {line}" for name, line in self.lines.items())])


def diagnose(arrived: Arrival, public: PublicAddress) -> list[NetworkFault]:
    """Return what is wrong with the way a request came; first what explains the rest."""
    return [*about_network(arrived, public), *about_form(arrived, public)]


def log_faults(faults: Iterable[NetworkFault], *, now: float | None = None) -> None:
    """Log a warning for each, at most once a minute for one fault."""
    now = time.monotonic() if now is None else now
    for found in faults:
        if now - logged_at.get(found.kind, -INTERVAL_SECONDS) >= INTERVAL_SECONDS:
            logged_at[found.kind] = now
            logger.warning("%s", found)


def about_network(arrived: Arrival, public: PublicAddress) -> Iterator[NetworkFault]:
    if arrived.is_trusted:
        if public.is_https:
            yield from about_scheme(arrived)
        yield from about_client(arrived)
    elif arrived.forwarded:
        names = ", ".join(FORWARDED[name] for name in arrived.forwarded)
        yield NetworkFault("untrusted proxy", names=names, peer=arrived.peer or "unix")
    yield from about_host(arrived, public)
    if arrived.is_trusted and arrived.forwarded:
        yield from about_prefix(arrived, public)


def about_scheme(arrived: Arrival) -> Iterator[NetworkFault]:
    scheme, peer = read_forwarding(arrived.forwarded).scheme, arrived.peer or "unix"
    if not scheme:
        yield NetworkFault("no scheme", peer=peer)
    elif scheme == "http" and arrived.is_browser_on_https:
        yield NetworkFault("wrong scheme", peer=peer)


def about_client(arrived: Arrival) -> Iterator[NetworkFault]:
    usual = usual_forwarding(arrived.forwarded)
    standard = standard_forwarding(arrived.forwarded)
    chain = (usual.chain or standard.chain)[-1:]
    if not chain or read_address(chain[0]) is None:
        answer = f"says {chain[0]!r}" if chain else "does not say it"
        yield NetworkFault("no client address", peer=arrived.peer or "unix", answer=answer)
    if usual.contradicts(standard):
        yield NetworkFault("Forwarded contradicts X-Forwarded-*")


def about_host(arrived: Arrival, public: PublicAddress) -> Iterator[NetworkFault]:
    """Check the host, which a proxy must pass on as the browser sent it."""
    host, port = split_domain_port(arrived.host)
    named = read_forwarding(arrived.forwarded).host if arrived.is_trusted else ""
    if host not in public.hosts:
        if named.lower() not in (public.netloc, public.host):
            yield NetworkFault("other host", url=public, named=repr(arrived.host))
    elif port != public.shown_port and not public.is_loopback:
        yield NetworkFault("lost port", url=public, named=repr(arrived.host))


def about_prefix(arrived: Arrival, public: PublicAddress) -> Iterator[NetworkFault]:
    """Check the path of PUBLIC_URL, which a proxy may keep or take off."""
    said = arrived.forwarded.get("HTTP_X_FORWARDED_PREFIX", "").rstrip("/")
    prefix = public.prefix
    if said and said != prefix:
        values = {"taken": repr(said), "said": f"{public.origin}{said}"}
        yield NetworkFault("other path", url=public, **values)
    elif arrived.is_prefix_ambiguous and not said and not is_below(prefix, arrived.path):
        yield NetworkFault("removed path", prefix=prefix)


def about_form(arrived: Arrival, public: PublicAddress) -> Iterator[NetworkFault]:
    """Check what Django's protection against forged forms needs."""
    if not arrived.is_form:
        return
    if arrived.length == 0:
        yield NetworkFault("lost form")
    sent_by = arrived.origin or arrived.referer
    if sent_by == "null":
        yield NetworkFault("no origin")
    elif sent_by and sent_by != public.origin:
        values = {"page": sent_by, "said": sent_by + public.prefix, "public": public.origin}
        yield NetworkFault("other origin", url=public, **values)


def rows(arrived: Arrival) -> list[tuple[str, str]]:
    """Return what arrived as names and values to show."""
    trust = "trusted" if arrived.is_trusted else "not in TRUSTED_PROXIES"
    return [
        ("Connected from", f"{arrived.peer or 'unix'}, {trust}"),
        ("Client address", arrived.client),
        ("Host", arrived.host),
        ("Path", arrived.path),
        ("Origin", arrived.origin or "none"),
        ("Referer", arrived.referer or "none"),
        ("Content", f"{arrived.length} bytes"),
        *((FORWARDED[name], value) for name, value in arrived.forwarded.items()),
    ]
