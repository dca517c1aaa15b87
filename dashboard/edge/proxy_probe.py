"""Send requests to PUBLIC_URL as browsers do, and find what the proxies in front change."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from dashboard.edge import echo
from dashboard.edge.arrival import Arrival
from dashboard.edge.diagnosis import NetworkFault, about_form, diagnose
from dashboard.edge.forwarded import read_forwarding

TIMEOUT_SECONDS = 15
FORGED_ADDRESS = "203.0.113.9"  # of a documentation network, RFC 5737
FORGED_ID = "chosen-by-the-client"
FORGED_USER = "chosen-by-the-client"
FORM = "application/x-www-form-urlencoded"
BODY = b"a=" + b"x" * 100_000  # more than proxies keep in memory


@dataclass(frozen=True, slots=True)
class Probe:
    """Requests to one base URL. ``address`` (host, or host:port) replaces what DNS says."""

    client: httpx.Client
    base: httpx.URL
    address: httpx.URL | None

    def fetch(self, method: str = "GET", ticket: str = "", **more: Any) -> httpx.Response:
        """Send a request of a browser, with what an attacker might add."""
        url = self.base.copy_with(path=self.base.path.rstrip("/") + echo.PATH)
        host = self.base.netloc.decode()
        cookies = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
        headers = {
            "Host": host,
            "Cookie": "; ".join(f"{name}=proxy-check" for name in cookies),
            "X-Forwarded-For": FORGED_ADDRESS,
            "X-Request-Id": FORGED_ID,
            "Accept-Encoding": "identity",
        }
        if settings.REMOTE_USER_HEADER:
            headers[settings.REMOTE_USER_HEADER] = FORGED_USER
        if url.scheme == "https":
            headers["Sec-Fetch-Site"] = "none"
        if method == "POST":
            headers |= {"Origin": f"{url.scheme}://{host}", "Content-Type": FORM}
        extensions = {"timeout": httpx.Timeout(TIMEOUT_SECONDS).as_dict()}
        if self.address:
            extensions["sni_hostname"] = url.host  # type: ignore[assignment]
            url = url.copy_with(host=self.address.host, port=self.address.port or url.port)
        url = url.copy_merge_params({"ticket": ticket or echo.new_ticket()})
        sent = httpx.Request(method, url, headers=headers, extensions=extensions, **more)
        return self.client.send(sent)


def examine(base: str, address: str = "") -> tuple[list[NetworkFault], Arrival | None]:
    """Return what is wrong with the way to ``base``, after at most four requests, and what arrived.

    That is of the first request; None if it did not get through.
    """
    try:
        there = httpx.URL(f"//{address}") if address else None
        with httpx.Client() as client:
            return compare(Probe(client, httpx.URL(base), there))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:  # such as of SSL_CERT_FILE
        way = f"{base} by {address}" if address else base
        reason = str(exc).rstrip(".") or type(exc).__name__
        return [NetworkFault("unreachable", way=way, reason=reason)], None


def compare(probe: Probe) -> tuple[list[NetworkFault], Arrival | None]:
    """Send the requests; stop after the first one if it does not reach Holdfast."""
    ticket = echo.new_ticket()
    answer = probe.fetch(ticket=ticket)
    seen = json_of(answer)
    if not seen:
        return [about_other_answer(answer)], None
    arrived = Arrival(**seen["arrived"])
    faults = [
        *diagnose(arrived, settings.PUBLIC_ADDRESS),
        *about_forgery(arrived, seen),
        *about_path(arrived),
        *about_referrer_policy(answer),
        *about_stored_pages(seen, probe.fetch(ticket=ticket)),
        *about_body(probe.fetch("POST", content=BODY)),
        *about_errors(probe.fetch(ticket=echo.new_ticket(status=503))),
    ]
    return list({found.kind: found for found in faults}.values()), arrived


def json_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the content of an answer of the echo; nothing for any other answer."""
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) and "arrived" in content else {}


def about_other_answer(answer: httpx.Response) -> NetworkFault:
    """Explain an answer that is not the echo's."""
    server = answer.headers.get("Server", "a server without a name")
    said = f"{server} answers {answer.status_code}"
    if answer.is_redirect:
        target = answer.url.join(answer.headers["Location"])
        if target.path == answer.url.path and target.scheme == answer.url.scheme:
            return NetworkFault("redirect loop", answer=said, host=settings.PUBLIC_ADDRESS.host)
        return NetworkFault("redirect", answer=said, target=target.copy_with(query=None))
    if answer.status_code == 404 and "X-Request-Id" in answer.headers:
        text = "Holdfast answers 404: its SECRET_KEY, clock or path differs from those used here."
        return NetworkFault("other site", text)
    return NetworkFault("other site", answer=said)


def about_forgery(arrived: Arrival, seen: dict[str, Any]) -> Iterator[NetworkFault]:
    """Check that headers of the client did not pass for those of the proxy."""
    # Not its client address: run on a trusted proxy, the command itself is skipped as a hop.
    if arrived.is_trusted and read_forwarding(arrived.forwarded).chain[-1:] == (FORGED_ADDRESS,):
        yield NetworkFault("client address of the client's choice")
    if arrived.is_trusted and seen["request_id"] == FORGED_ID:
        yield NetworkFault("request id of the client's choice")
    if arrived.is_trusted and seen["user"] == FORGED_USER:
        header = settings.REMOTE_USER_HEADER
        yield NetworkFault("person of the client's choice", header=header)
    if not seen["has_cookies"]:
        yield NetworkFault("lost cookies")


def about_path(arrived: Arrival) -> Iterator[NetworkFault]:
    prefix = settings.PUBLIC_ADDRESS.prefix
    if prefix and arrived.path.startswith(f"{prefix}{prefix}/"):
        yield NetworkFault("doubled path", prefix=prefix)


def about_referrer_policy(answer: httpx.Response) -> Iterator[NetworkFault]:
    """Check the last policy, which is the one that browsers follow."""
    policies = answer.headers.get("Referrer-Policy", "").split(",")
    if policies[-1].strip() == "no-referrer":
        text = "The proxy adds Referrer-Policy: no-referrer, so browsers send Origin: null."
        yield NetworkFault("no origin", text)


def about_stored_pages(first: dict[str, Any], again: httpx.Response) -> Iterator[NetworkFault]:
    """Check that the same request was answered anew: each answer has a number of its own."""
    if json_of(again).get("answer") == first["answer"]:
        yield NetworkFault("stored pages", prefix=settings.PUBLIC_ADDRESS.prefix)


def about_body(answer: httpx.Response) -> Iterator[NetworkFault]:
    """Check that a form of 100 kB arrived whole, and from the right page."""
    seen = json_of(answer)
    if not seen:
        text = f"A form of {len(BODY)} bytes was answered {answer.status_code}."
        yield NetworkFault("lost form" if answer.is_redirect else "refused form", text)
        return
    if seen["body"] != hashlib.sha256(BODY).hexdigest():
        yield NetworkFault("lost form", "The content of a form did not arrive whole.")
    yield from about_form(Arrival(**seen["arrived"]), settings.PUBLIC_ADDRESS)


def about_errors(answer: httpx.Response) -> Iterator[NetworkFault]:
    if answer.status_code != 503 or not json_of(answer):
        yield NetworkFault("rewritten errors")
