"""``manage.py proxy_check`` through a real nginx with faults, made on purpose."""

import httpx
import pytest
from django.core import signing

from dashboard.edge import echo
from dashboard.edge.proxies import trusted_proxies
from dashboard.edge.proxy_probe import examine
from dashboard.edge.public_address import public_address
from tests.edge.conftest import starter
from tests.edge.faulty_proxies import Variant, running
from tests.edge.nginx import NAME
from tests.forking import run
from tests.ports import free_ports

pytestmark = pytest.mark.slow

PREFIX = "/holds"
UPSTREAM = "http://127.0.0.1:8000"  # is replaced by the server's own
# What is changed in a right configuration, the faults found, and a line that mends the first. The
# faults that a line of the proxy mends are in ``test_remedies``.
CASES = {
    "right": ({}, [], {}),
    "path taken off": ({"pass": f"proxy_pass {UPSTREAM}/;"}, [], {}),
    "untrusted": (
        {"bind": "proxy_bind 127.0.0.9;"},
        ["untrusted proxy"],
        {"Holdfast": "TRUSTED_PROXIES=127.0.0.9"},
    ),
    "other path": (
        {"path": "proxy_set_header X-Forwarded-Prefix /desk;"},
        ["other path"],
        {"Holdfast": "PUBLIC_URL=ORIGIN/desk"},
    ),
    "no scheme": (
        {"proto": ""},
        ["no scheme"],
        {"nginx": "proxy_set_header X-Forwarded-Proto $scheme;"},
    ),
    "moved": ({"pass": "return 301 https://elsewhere.example.org/;"}, ["redirect"], {}),
    "another site": ({"pass": "return 200 hello;"}, ["other site"], {}),
    "nothing behind": ({"pass": "proxy_pass http://127.0.0.1:9;"}, ["other site"], {}),
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
        upstream = site.url.removeprefix("http://")
        variants = {name: Variant(change) for name, (change, _, _) in CASES.items()}
        with running("nginx", PREFIX, upstream, variants, folder) as ports:
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
    found, _arrived = examine(desk.public_url, f"127.0.0.1:{desk.ports[name]}")
    _, faults, lines = CASES[name]
    assert [each.kind for each in found] == faults, found
    origin = public_address(desk.public_url).origin
    named = found[0].lines if faults else {}
    for where, line in lines.items():
        assert named[where] == line.replace("ORIGIN", origin)


def test_nothing_listens(desk, as_the_site):
    [port] = free_ports(1)
    [found], _arrived = examine(desk.public_url, f"127.0.0.1:{port}")
    assert (found.kind, "cannot be reached" in found.text) == ("unreachable", True)


def test_address_that_cannot_be_read():
    [found], _arrived = examine("https://desk.example.org", "a:b:c")
    assert found.kind == "unreachable"
    assert "https://desk.example.org by a:b:c cannot be reached" in found.text


def test_reason_ends_once():
    [found], _arrived = examine("desk.example.org")  # httpx ends its own sentence
    assert found.text.endswith("protocol.")
    assert not found.text.endswith("..")


def test_certificates_are_missing(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    [found], _arrived = examine("https://desk.example.org")
    assert "No such file" in found.text


def test_certificate_is_checked(desk, as_the_site, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    [found], _arrived = examine(desk.public_url, f"127.0.0.1:{desk.ports['right']}")
    assert (found.kind, "CERTIFICATE_VERIFY_FAILED" in found.text) == ("unreachable", True)


def check(desk, name):
    return run(
        ["manage.py", "proxy_check", "--address", f"127.0.0.1:{desk.ports[name]}"],
        env=desk.site.environment | {"SSL_CERT_FILE": str(desk.certificate)},
    )


def test_command_prints_what_arrived_and_the_lines(desk):
    done = check(desk, "no scheme")
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
    done = check(desk, "right")
    assert (done.returncode, done.stderr) == (0, "")
    assert "203.0.113.9 is what this command sent" in done.stdout
    assert done.stdout.endswith("Nothing is wrong between browser and Holdfast.\n")


@pytest.fixture
def ask(client, settings):
    """Return a function that asks for the echo with a ticket; it returns the status."""
    settings.TRUSTED_PROXIES = trusted_proxies("127.0.0.1")
    return lambda ticket: client.get("/proxy-check", {"ticket": ticket}).status_code


@pytest.mark.django_db
def test_ticket_works_in_every_process(ask):
    """Keep nothing of a ticket: two requests with it may meet two processes."""
    ticket = echo.new_ticket()
    assert [ask(ticket), ask(ticket), ask(echo.new_ticket(status=503))] == [200, 200, 503]


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
