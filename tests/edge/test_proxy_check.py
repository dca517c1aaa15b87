"""``manage.py proxy_check`` through a real nginx with every fault, made on purpose."""

import subprocess
import sys

import httpx
import pytest
from django.core import signing

from dashboard.edge import echo
from dashboard.edge.proxies import trusted_proxies
from dashboard.edge.proxy_probe import examine
from dashboard.edge.public_address import public_address
from dashboard.edge.remedies import Fault
from tests.edge import faulty_nginx
from tests.edge.conftest import starter
from tests.edge.nginx import NAME
from tests.ports import free_ports
from tests.serving import PROJECT, WAIT_SECONDS

pytestmark = pytest.mark.slow

PREFIX = "/holds"
UPSTREAM = "UPSTREAM"  # filled in below
# What is changed in a right configuration, the faults found, and a line that mends the first.
CASES = {
    "right": ({}, [], ""),
    "path taken off": ({"proxy_pass": f"{UPSTREAM}/"}, [], ""),
    "buffered": ({"proxy_buffering": "on"}, [Fault.BUFFERING], "proxy_buffering off;"),
    "untrusted": (
        {"proxy_bind": "127.0.0.9"},
        [Fault.UNTRUSTED_PEER],
        "TRUSTED_PROXIES=127.0.0.9",
    ),
    "no host": (
        {"Host": "-"},
        [Fault.FOREIGN_HOST],
        "proxy_set_header Host $http_host;",
    ),
    "no port": (
        {"Host": "$host"},
        [Fault.LOST_PORT],
        "proxy_set_header Host $http_host;   # $host loses the port",
    ),
    "no scheme": (
        {"X-Forwarded-Proto": "-"},
        [Fault.NO_SCHEME],
        "proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    "http": (
        {"X-Forwarded-Proto": "http"},
        [Fault.WRONG_SCHEME],
        "proxy_set_header X-Forwarded-Proto https;   # in the inner proxy",
    ),
    "client's address": (
        {"X-Forwarded-For": "-"},
        [Fault.FORGED_CLIENT],
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    ),
    "no address": (
        {"X-Forwarded-For": '""'},
        [Fault.NO_CLIENT],
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    ),
    "client's id": (
        {"X-Request-Id": "-"},
        [Fault.FORGED_REQUEST_ID],
        "proxy_set_header X-Request-Id $request_id;",
    ),
    "contradiction": (
        {"proxy_set_header Forwarded": '"for=198.51.100.7;proto=http"'},
        [Fault.CONTRADICTION],
        'proxy_set_header Forwarded "";',
    ),
    "other path": (
        {"proxy_set_header X-Forwarded-Prefix": "/desk"},
        [Fault.OTHER_PREFIX],
        "PUBLIC_URL=ORIGIN/desk",
    ),
    "path twice": (
        {"proxy_pass": f"{UPSTREAM}/holds/holds/"},
        [Fault.DOUBLE_PREFIX],
        "proxy_pass http://127.0.0.1:8000;   # no path after the port",
    ),
    "no referrer": (
        {"add_header Referrer-Policy": "no-referrer always"},
        [Fault.NULL_ORIGIN],
        "add_header Referrer-Policy same-origin always;   # instead of no-referrer",
    ),
    "no content": (
        {"proxy_pass_request_body": "off", "proxy_set_header Content-Length": '""'},
        [Fault.LOST_BODY],
        "proxy_pass_request_body on;   # and: return 308, because 301 empties a form",
    ),
    "small forms": (
        {"client_max_body_size": "1k"},
        [Fault.LOST_BODY],
        "proxy_pass_request_body on;   # and: return 308, because 301 empties a form",
    ),
    "no cookies": (
        {"proxy_set_header Cookie": '""'},
        [Fault.LOST_COOKIES],
        "proxy_set_header Cookie $http_cookie;",
    ),
    "own errors": (
        {"proxy_intercept_errors": "on", "error_page": "503 /holds/nothing-here"},
        [Fault.REWRITTEN_ERRORS],
        "proxy_intercept_errors off;",
    ),
    "stored": (
        {
            "proxy_cache": "pages",
            "proxy_cache_valid": "200 1m",
            "proxy_ignore_headers": "Cache-Control Set-Cookie Vary",
            "proxy_buffering": "on",
        },
        [Fault.STORED_PAGES, Fault.BUFFERING],
        "proxy_cache off;",
    ),
    "loop": (
        {"proxy_pass": "-", "return": "301 https://$http_host$request_uri"},
        [Fault.REDIRECT_LOOP],
        "if ($http_x_forwarded_proto != https) { … }   # around the inner redirect",
    ),
    "moved": (
        {"proxy_pass": "-", "return": "301 https://elsewhere.example.org/"},
        [Fault.REDIRECT],
        None,
    ),
    "another site": ({"proxy_pass": "-", "return": "200 hello"}, [Fault.OTHER_SITE], None),
    "nothing behind": ({"proxy_pass": "http://127.0.0.1:9"}, [Fault.OTHER_SITE], None),
}


class Desk:
    """The server, and nginx with every fault in front."""

    def __init__(self, site, ports, public_url, certificate):
        self.site, self.ports, self.public_url = site, ports, public_url
        self.certificate = certificate


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxies")
    [port] = free_ports(1)  # of the public address; every nginx listens on another one
    public_url = f"https://{NAME}:{port}{PREFIX}"
    with starter(folder) as start:
        site = start(public_url, TRUSTED_PROXIES="127.0.0.1")
        changes = {
            name: {key: value.replace(UPSTREAM, site.url) for key, value in change.items()}
            for name, (change, _, _) in CASES.items()
        }
        with faulty_nginx.running(PREFIX, site.url, changes, folder) as ports:
            yield Desk(site, ports, public_url, folder / "certificate.pem")


@pytest.fixture
def as_the_site(desk, settings, monkeypatch):
    """Use the server's settings in this process too."""
    monkeypatch.setenv("SSL_CERT_FILE", str(desk.certificate))
    settings.SECRET_KEY = desk.site.environment["SECRET_KEY"]
    settings.PUBLIC_ADDRESS = public_address(desk.public_url)
    settings.SESSION_COOKIE_NAME = settings.PUBLIC_ADDRESS.cookie_name("session")
    settings.CSRF_COOKIE_NAME = settings.PUBLIC_ADDRESS.cookie_name("csrf")


@pytest.mark.parametrize("name", CASES)
def test_fault_is_found_and_mended_by_a_line(desk, as_the_site, name):
    report = examine(desk.public_url, f"127.0.0.1:{desk.ports[name]}")
    _, faults, line = CASES[name]
    assert [found.fault for found in report.findings] == faults, report.findings
    if faults and line is not None:
        lines = report.findings[0].lines
        wanted = line.replace("ORIGIN", public_address(desk.public_url).origin)
        assert lines.get("nginx", lines.get("Holdfast")) == wanted


def test_nothing_listens(desk, as_the_site):
    [port] = free_ports(1)
    [found] = examine(desk.public_url, f"127.0.0.1:{port}").findings
    assert (found.fault, "cannot be reached" in found.text) == (Fault.UNREACHABLE, True)


def test_certificate_is_checked(desk, as_the_site, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    [found] = examine(desk.public_url, f"127.0.0.1:{desk.ports['right']}").findings
    assert (found.fault, "CERTIFICATE_VERIFY_FAILED" in found.text) == (Fault.UNREACHABLE, True)


def run(desk, name):
    command = [sys.executable, "manage.py", "proxy_check"]
    return subprocess.run(
        [*command, "--address", f"127.0.0.1:{desk.ports[name]}"],
        cwd=PROJECT,
        env=desk.site.environment | {"SSL_CERT_FILE": str(desk.certificate)},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SECONDS,
    )


def test_command_prints_what_arrived_and_the_lines(desk):
    done = run(desk, "no scheme")
    assert (done.returncode, done.stderr) == (
        1,
        "CommandError: Faults between browser and Holdfast: 1.\n",
    )
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == f"{desk.public_url} arrived as"
    assert "Connected from 127.0.0.1, trusted" in lines
    assert f"Path {PREFIX}/proxy-check" in lines
    assert "The proxy 127.0.0.1 does not say whether https was used." in lines
    assert "nginx proxy_set_header X-Forwarded-Proto $scheme;" in lines


def test_command_ends_well_where_nothing_is_wrong(desk):
    done = run(desk, "right")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Nothing is wrong between browser and Holdfast.\n")


@pytest.fixture
def ask(client, settings):
    """Return a function that asks for the echo with a ticket; it returns the status."""
    settings.TRUSTED_PROXIES = trusted_proxies("127.0.0.1")
    return lambda ticket: client.get("/proxy-check", {"ticket": ticket}).status_code


@pytest.mark.django_db
def test_ticket_works_once(ask):
    ticket = echo.new_ticket()
    assert [ask(ticket), ask(ticket), ask(echo.new_ticket(status=503))] == [200, 404, 503]


@pytest.mark.django_db
def test_nothing_is_told_without_a_ticket(ask):
    tickets = ["", "a:b:c", "\x00", signing.dumps({"id": "a"}, salt="other")]
    assert [ask(ticket) for ticket in tickets] == [404] * 4


@pytest.mark.django_db
def test_old_ticket_is_refused(ask, monkeypatch):
    ticket = echo.new_ticket()
    monkeypatch.setattr(echo, "MAX_AGE_SECONDS", -1)
    assert ask(ticket) == 404


@pytest.mark.django_db
def test_cookies_and_query_are_not_told(client):
    client.cookies["holdfast_session"] = "hunter2"
    query = {"ticket": echo.new_ticket(), "uid": "hunter2"}
    referer = "http://testserver/look-up?uid=hunter2"
    answer = client.post(f"/proxy-check?{httpx.QueryParams(query)}", headers={"Referer": referer})
    assert answer.json()["arrived"]["referer"] == "http://testserver"
    assert "hunter2" not in answer.content.decode()
