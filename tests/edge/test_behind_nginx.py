"""Holdfast behind nginx with TLS, at the root of a host and under a path."""

import re
import socket
import ssl
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from dashboard.edge.public_address import public_address
from dashboard.sandbox import Sandbox, demo_world
from tests.edge.caddy_and_apache import apache, caddy
from tests.edge.conftest import starter
from tests.edge.nginx import NAME, LoopbackTransport, running, two_ports
from tests.edge.test_hardening import HARDENED
from tests.migrated import PASSWORD
from tests.script_visitor import TOKEN, Visitor
from tests.serving import WAIT_SECONDS, Site

pytestmark = pytest.mark.slow

PERSON, FORGED = "127.0.0.7", "203.0.113.9"
ADDRESSES = """
SELECT action, address, request_id FROM dashboard_auditentry
WHERE action LIKE 'sign_in%' ORDER BY id
"""


@dataclass
class Deployment:
    """nginx, the server and the sandbox, with visitors in front."""

    prefix: str
    base: str
    plain: str
    site: Site
    stack: ExitStack
    folder: Path

    def visitor(self, address=PERSON, **client):
        transport = LoopbackTransport(self.folder, local_address=address)
        return self.stack.enter_context(Visitor(self.base, transport=transport, **client))

    @property
    def host(self):
        return self.base.removeprefix("https://").removesuffix(self.prefix)

    def raw(self, text):
        """Send a text over TLS; return status, headers, and headers with body of the answer."""
        trust = ssl.create_default_context(cafile=str(self.folder / "certificate.pem"))
        port = int(self.host.rpartition(":")[2])
        with (
            socket.create_connection(("127.0.0.1", port), WAIT_SECONDS) as plain,
            trust.wrap_socket(plain, server_hostname=NAME) as connection,
        ):
            connection.sendall(text.encode())
            answer = HTTPResponse(connection)
            answer.begin()
            return answer.status, answer.headers, f"{answer.headers}{answer.read().decode()}"

    def audited(self, last):
        """Return (action, address, request id) of the last sign-ins in the audit log."""
        return self.site.rows(ADDRESSES)[-last:]


@pytest.fixture(scope="module", params=["", "/holds"], ids=["at the root", "under a path"])
def deployment(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    with ExitStack() as stack:
        serve = stack.enter_context(starter(folder))
        sandbox = stack.enter_context(Sandbox(demo_world(datetime.now(UTC).date())))
        ports = two_ports()
        base = f"https://{NAME}:{ports.tls}{request.param}"
        site = serve(base, TRUSTED_PROXIES="127.0.0.1", CALCOM_API_URL=sandbox.url)
        stack.enter_context(running(request.param, site.url, ports, folder))
        plain = f"http://{NAME}:{ports.plain}{request.param}"
        yield Deployment(request.param, base, plain, site, stack, folder)


def test_sign_in_and_place_a_hold(deployment):
    ada, prefix = deployment.visitor(), deployment.prefix
    sent = ada.get("/")
    assert (sent.status_code, sent.headers["Location"]) == (
        302,
        f"{prefix}/accounts/login/?next={prefix}/",
    )
    page = "/accounts/login/"
    signed_in = ada.post(page, page, username="ada", password=PASSWORD)
    assert (signed_in.status_code, signed_in.headers["Location"]) == (302, f"{prefix}/")
    placed = ada.place("Carla Neri")
    assert placed.status_code == 303
    assert re.fullmatch(rf"{prefix}/holds/\d+/", placed.headers["Location"])
    hold = ada.get(placed.headers["Location"].removeprefix(prefix))
    assert "Carla Neri" in hold.text
    assert "Carla Neri" in ada.get("/").text
    assert ada.post("/", "/accounts/logout/").status_code == 302
    assert ada.get("/").status_code == 302


def test_cookies_are_secure_and_limited_to_the_path(deployment):
    ada = deployment.visitor()
    page = "/accounts/login/"
    answer = ada.post(page, page, username="ada", password=PASSWORD)
    cookies = dict(
        re.match(r"([\w.-]+)=[^;]+; (.*)", line).groups()
        for line in answer.headers.get_list("set-cookie")
    )
    names = {public_address(deployment.base).cookie_name(name) for name in ("session", "csrf")}
    assert names <= set(cookies)
    guard = "__Secure-" if deployment.prefix else "__Host-"
    assert [name for name in cookies if not name.startswith(f"{guard}holdfast_")] == []
    wanted = {"HttpOnly", f"Path={deployment.prefix or '/'}", "SameSite=Lax", "Secure"}
    missing = {name: wanted - set(words.split("; ")) for name, words in cookies.items()}
    assert {name: words for name, words in missing.items() if words} == {}


def test_pages_have_security_headers(deployment):
    ada = deployment.visitor()
    assert ada.sign_in("ada", PASSWORD) == 302
    headers = ada.get("/").headers
    wanted = HARDENED | {
        "Cache-Control": "no-store",
        "Strict-Transport-Security": "max-age=31536000",
    }
    assert {name: headers.get(name) for name in wanted} == wanted
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    self_only = {"script-src", "style-src", "img-src", "font-src", "connect-src", "manifest-src"}
    none = {"default-src", "frame-ancestors", "base-uri"}
    expected = dict.fromkeys(self_only, "'self'") | dict.fromkeys(none, "'none'")
    assert policy == expected | {"form-action": "'self'"}


def test_static_files_are_found_below_the_path(deployment):
    visitor = deployment.visitor()
    page = visitor.get("/accounts/login/").text
    files = re.findall(r'(?:src|href)="([^"#]*/static/[^"#]+)', page)
    assert len(files) >= 3
    assert [path for path in files if not path.startswith(f"{deployment.prefix}/static/")] == []
    answers = [visitor.get(path.removeprefix(deployment.prefix)) for path in files]
    assert {answer.status_code for answer in answers} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)


def test_http_redirects_to_https(deployment):
    transport = LoopbackTransport(deployment.folder, PERSON)
    with httpx.Client(transport=transport, timeout=WAIT_SECONDS) as visitor:
        answer = visitor.get(f"{deployment.plain}/accounts/login/")
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{deployment.base}/accounts/login/"


def test_audit_log_has_the_client_address_behind_the_proxy(deployment):
    assert deployment.visitor().sign_in("ada", PASSWORD) == 302
    forger = deployment.visitor("127.0.0.8", headers={"X-Forwarded-For": FORGED})
    assert forger.sign_in("ada", "not the word") == 422
    assert [entry[:2] for entry in deployment.audited(last=2)] == [
        ("sign_in", PERSON),
        ("sign_in_failed", "127.0.0.8"),
    ]


def test_request_id_of_the_proxy_is_in_the_audit_log(deployment):
    page = "/accounts/login/"
    forged = {"X-Request-Id": "forged-by-the-client"}
    answer = deployment.visitor(headers=forged).post(page, page, username="ada", password=PASSWORD)
    given = answer.headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)
    assert [entry[2] for entry in deployment.audited(last=1)] == [given]


def test_forwarded_headers_of_a_direct_client_do_not_count(deployment):
    around = httpx.HTTPTransport(local_address=PERSON, verify=False)
    headers = {"Host": NAME, "X-Forwarded-For": FORGED, "X-Forwarded-Proto": "https"}
    base = deployment.site.url + deployment.prefix
    with Visitor(base, transport=around, headers=headers) as stranger:
        page = stranger.get("/accounts/login/")
        assert (
            "Strict-Transport-Security" not in page.headers
        )  # not https, whatever the header claims
        fields = {"csrfmiddlewaretoken": TOKEN.search(page.text)[1], "username": "ada"}
        name = public_address(deployment.base).cookie_name("csrf")
        cookie = {"Cookie": f"{name}={stranger.client.cookies[name]}"}
        stranger.client.cookies.clear()
        stranger.client.post(
            f"{base}/accounts/login/", data=fields | {"password": "x"}, headers=cookie
        )
    assert [entry[:2] for entry in deployment.audited(last=1)] == [("sign_in_failed", PERSON)]


def test_forms_of_other_origins_are_refused(deployment):
    own = deployment.base.removesuffix(deployment.prefix)
    answers = {
        origin: deployment.visitor(headers={"Origin": origin}).sign_in("ada", PASSWORD)
        for origin in (own, "https://evil.example.org", "null")
    }
    assert answers == {own: 302, "https://evil.example.org": 403, "null": 403}


def test_other_host_names_are_refused(deployment):
    answer = deployment.visitor(headers={"Host": "evil.example.org"}).get("/accounts/login/")
    assert answer.status_code == 400
    assert "evil.example.org" not in answer.text


RAW = {
    "length and chunks": (
        "POST @/accounts/login/",
        "Content-Length: 4\nTransfer-Encoding: chunked",
        400,
    ),
    "two lengths": ("POST @/accounts/login/", "Content-Length: 4\nContent-Length: 9", 400),
    "negative length": ("POST @/accounts/login/", "Content-Length: -1", 400),
    "unknown coding": ("POST @/accounts/login/", "Transfer-Encoding: xchunked", 501),
    "space before colon": ("POST @/accounts/login/", "Transfer-Encoding : chunked", 400),
    "too long a body": ("POST @/accounts/login/", "Content-Length: 9999999", 413),
    "a long line": ("GET @/?find=" + "a" * 6000, "", 302),
    "a long line of umlauts": ("GET @/?find=" + "%C3%A4" * 1100, "", 302),
    "too long a line": ("GET @/?q=" + "a" * 9000, "", 414),
    "too long a header": ("GET @/", "X: " + "a" * 40_000, 400),
    "too many headers": ("GET @/", "\n".join(f"X-{n}: a" for n in range(300)), 431),
    "two hosts": ("GET @/", "Host: evil.example.org", 400),
    "address of another site": ("GET https://evil.example.org@/", "", 302),
    "out of the root": ("GET @/%2e%2e/%2e%2e/%2e%2e/", "", 400),
    "out of static": ("GET @/static/..%2fmanage.py", "", 404),
    "encoded twice": ("GET @/static/%252e%252e/manage.py", "", 404),
    "semicolon": ("GET @/audit/;x", "", 404),
    "two slashes": ("GET @//audit/", "", 404),
    "encoded slash": ("GET @/holds%2f1/", "", 302),  # the sign-in stands before it
    "nul": ("GET @/%00", "", 400),
    "line break": ("GET @/holds/1%0d%0aSet-Cookie:a=b", "", 404),
    "metrics": ("GET @/metrics", "", 404),
    "own host": ("GET @/", "X-Forwarded-Host: evil.org\nX-Forwarded-Prefix: /evil.org", 302),
    "own scheme": ("GET @/", "X-Forwarded-Proto: http", 302),
    "own standard header": ("GET @/", "Forwarded: host=evil.example.org;proto=http", 302),
    "own path": ("GET @/", "X-Original-URL: /livez\nX-Rewrite-URL: /livez", 302),
    "own file": ("GET @/", "X-Accel-Redirect: /livez\nX-Sendfile: /etc/passwd", 302),
    "trace": ("TRACE @/", "", 405),
}


@pytest.mark.parametrize("name", RAW)
def test_hostile_request_is_refused_or_harmless(deployment, name):
    line, headers, status = RAW[name]
    line = line.replace("@", deployment.prefix)
    text = f"{line} HTTP/1.1\nHost: {deployment.host}\nConnection: close\n{headers}\n"
    sent = text.rstrip("\n").replace("\n", "\r\n") + "\r\n\r\n"
    found, answered, whole = deployment.raw(sent)
    own = f"{deployment.prefix}/accounts/login/?next={deployment.prefix}/"
    assert (found, answered.get("Location", own)[: len(own)]) == (status, own)
    assert "evil" not in whole
    assert answered["Server"] == "nginx"  # without its version


def test_probes_answer_through_the_proxy(deployment):
    visitor = deployment.visitor()
    assert [visitor.get(path).text for path in ("/livez", "/readyz")] == ["ok", "ok"]


def test_unix_socket_between_proxy_and_server(serve):
    """Trust a peer without an address by the word ``unix``."""
    ports = two_ports()
    base = f"https://{NAME}:{ports.tls}"
    with TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # Apache's processes are another user's
        socket = folder / "web.sock"
        site = serve(base, TRUSTED_PROXIES="unix", bind=f"unix:{socket}")
        for proxy in (running, caddy, apache):
            with proxy("", f"http://unix:{socket}:", ports, folder):
                transport = LoopbackTransport(folder, local_address=PERSON)
                with Visitor(base, transport=transport, headers={"X-Forwarded-For": FORGED}) as ada:
                    assert ada.sign_in("ada", PASSWORD) == 302
    entries = site.rows(ADDRESSES)
    assert [entry[:2] for entry in entries] == [("sign_in", PERSON)] * 3
