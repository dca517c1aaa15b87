"""The product behind each proxy as ``proxy_config`` configures it: visits by HTTP, and two days of
staff and Admins in Chromium, at the root of a host and below a path.
"""

from __future__ import annotations

import functools
import re
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from dashboard.edge.gunicorn import threads
from dashboard.sandbox import Sandbox
from tests.browser.product import Product, typed
from tests.browser.user import DESKTOP, User, chromium_running, expect_no_complaints
from tests.edge import nginx, traefik
from tests.edge.caddy_and_apache import apache, caddy
from tests.edge.nginx import NAME, LoopbackTransport, Ports, two_ports
from tests.migrated import PASSWORD, PEOPLED, sqlite_template
from tests.sandbox.replay import world as recorded_world
from tests.script_visitor import Visitor
from tests.serving import Site, environment, serving_with_settle

pytestmark = pytest.mark.browser

PROXIES = {"nginx": nginx.running, "caddy": caddy, "apache": apache, "traefik": traefik.running}
# What browsers do below a path is the same behind each proxy, so one day there is enough. For nginx
# below a path see test_behind_nginx.
DAYS = [("", "nginx"), ("/holds", "apache")]
VISITS = [("", "caddy"), ("", "apache"), ("", "traefik")]
VISITS += [("/holds", "caddy"), ("/holds", "traefik")]
CLIENT, FORGED = "127.0.0.7", "203.0.113.9"
FORGED_HEADERS = {
    "Forwarded": f"for={FORGED};proto=http;host=evil.example.org",
    "X-Forwarded-For": FORGED,
    "X-Forwarded-Host": "evil.example.org",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Proto": "http",
    "X-Request-Id": "forged-by-the-client",
}
# 32 hexadecimal digits from Holdfast itself, as behind Traefik, would look the same as nginx's.
REQUEST_IDS = {
    "nginx": r"[0-9a-f]{32}",
    "caddy": r"[0-9a-f-]{36}",
    "apache": r"[\w-]{24,30}",
    "traefik": r"[0-9a-f]{32}",
}
LAST_SIGN_IN = """
SELECT address, request_id FROM dashboard_auditentry
WHERE action = 'sign_in' ORDER BY id DESC LIMIT 1
"""


@dataclass
class Desk:
    """The product behind a public address at which no proxy listens yet."""

    site: Site
    product: Product
    prefix: str
    ports: Ports


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_running(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as browser:
        yield browser


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Desk]]:
    """Return a function that starts a desk below a path at its first call, for all tests."""
    with ExitStack() as stack:
        yield functools.cache(
            lambda prefix: started(stack, tmp_path_factory.mktemp("desk"), prefix)
        )


@pytest.fixture
def desk(request: pytest.FixtureRequest, desks: Callable[[str], Desk]) -> Desk:
    return desks(request.param)


def started(stack: ExitStack, folder: Path, prefix: str) -> Desk:
    ports = two_ports()
    base = f"https://{NAME}:{ports.tls}{prefix}"
    calcom = stack.enter_context(Sandbox(recorded_world()))
    variables = environment(
        public_url=base,
        database_url=str(shutil.copy(sqlite_template(PEOPLED), folder / "db.sqlite3")),
        CALCOM_API_URL=calcom.url,
        TRUSTED_PROXIES="127.0.0.1",
    )
    site = stack.enter_context(serving_with_settle(variables, folder))
    return Desk(site, Product(base, site.environment["DATABASE_URL"], calcom, {}), prefix, ports)


def of_desks(cases: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("desk", "kind"), cases, ids=lambda value: value or "root", indirect=["desk"]
    )


@of_desks(VISITS)
def test_a_visit_works(desk: Desk, kind: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # Apache's processes are another user's
    with PROXIES[kind](desk.prefix, desk.site.url, desk.ports, tmp_path):
        expect_client_address(desk, kind, tmp_path)
        transport = LoopbackTransport(tmp_path, local_address=CLIENT)
        with slow_forms(desk, tmp_path), Visitor(desk.product.url, transport=transport) as ada:
            hold_and_release_by_http(ada, desk)


@of_desks(DAYS)
def test_the_whole_day_works(chromium: Browser, desk: Desk, kind: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # as above
    with PROXIES[kind](desk.prefix, desk.site.url, desk.ports, tmp_path):
        context = chromium.new_context(viewport=DESKTOP, ignore_https_errors=True)
        staff = User(context.new_page(), desk.product, scripts=True, name="ada")
        answers: list[tuple[int, str]] = []
        staff.page.on("response", lambda answer: answers.append((answer.status, answer.url)))
        hold_and_release(staff, desk.product)
        sign_out(staff)
        staff.name = "vera"
        read_audit_and_people(staff, desk.product.url)
        sign_out(staff)
        context.close()
        expect_no_complaints([staff])
        below = f"{desk.product.url}/"
        assert [each for each in answers if each[0] >= 400 or not each[1].startswith(below)] == []
        expect_client_address(desk, kind, tmp_path)


@contextmanager
def slow_forms(desk: Desk, folder: Path) -> Iterator[None]:
    """Send as many forms as the server has threads, none of them whole until the end."""
    trust = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    path = f"{desk.prefix}/accounts/login/"
    head = f"POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 200000\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(threads):
            link = socket.create_connection(("127.0.0.1", desk.ports.tls))
            form = stack.enter_context(trust.wrap_socket(link, server_hostname=NAME))
            form.sendall(head + b"x" * 100_000)
        yield


def hold_and_release_by_http(ada: Visitor, desk: Desk) -> None:
    assert ada.sign_in("ada", PASSWORD) == 302
    placed = ada.place("Hedy Lamarr", slot_start=typed(desk.product.free_time()))
    assert (placed.status_code, len(desk.product.starts())) == (303, 1)
    page = placed.headers["Location"].removeprefix(desk.prefix)
    assert re.fullmatch(r"/holds/\d+/", page)
    style = re.search(r'href="([^"]+/css/[^"]+)"', ada.get(page).text)
    assert style
    assert ada.get(style[1].removeprefix(desk.prefix)).status_code == 200
    known = {"If-None-Match": ada.get("/board").headers["ETag"]}
    assert ada.client.get(f"{ada.base}/board", headers=known).status_code == 304
    released = ada.post(page, f"{page}release", reason="client_rang_off")
    assert released.headers["Location"] == placed.headers["Location"]
    assert desk.product.starts() == []


def hold_and_release(user: User, product: Product) -> None:
    old, new = product.free_time(), product.free_time()
    user.page.goto(f"{product.url}/holds/new")
    user.sign_in()
    user.expect_heading("Hold a time")
    user.type_time(old)
    user.fill(client_name="Hedy Lamarr")
    user.press("Hold this time")
    user.expect_text("Hedy Lamarr")
    hold = f"{product.url}/holds/{user.hold_id}/"
    user.press("+15 min")
    user.expect_text("is held until")
    user.page.get_by_role("link", name="Move to another time").click()
    user.page.get_by_text("Or enter it manually").click()
    user.fill(slot_start=typed(new))
    user.press("Preview the move")
    user.press("Move it")
    user.expect_text("Moved:")
    assert product.starts() == [new]
    user.page.goto(f"{product.url}/")
    with user.page.expect_response(lambda answer: answer.status == 304):
        user.poll()
    user.page.goto(hold)
    user.page.get_by_label("Client hung up").check()
    user.press("Release this time")
    user.expect_text("Released: cal.com no longer keeps this hold.")
    assert product.starts() == []


def read_audit_and_people(user: User, url: str) -> None:
    user.page.goto(f"{url}/audit/")
    user.sign_in()
    user.expect_text("Hedy Lamarr")
    user.page.goto(f"{url}/admin/dashboard/user/")
    user.page.get_by_role("link", name="ada", exact=True).click()
    user.page.get_by_label("First name").fill("Ada")
    user.page.get_by_role("button", name="Save", exact=True).click()
    expect(user.page.locator(".messagelist")).to_contain_text("changed successfully")


def sign_out(user: User) -> None:
    user.page.goto(f"{user.product.url}/")
    user.page.locator("details.menu summary").click()
    user.press("Sign out", within="header")
    expect(user.page.get_by_role("heading", name="Sign in")).to_be_visible()


def expect_client_address(desk: Desk, kind: str, folder: Path) -> None:
    """Sign in with forged headers; the audit log has the client's address and the proxy's id."""
    transport = LoopbackTransport(folder, local_address=CLIENT)
    with Visitor(desk.product.url, transport=transport, headers=FORGED_HEADERS) as visitor:
        assert visitor.sign_in("grace", PASSWORD) == 302
        sent = visitor.get("/").headers["X-Request-Id"]
    assert re.fullmatch(REQUEST_IDS[kind], sent)
    [(address, request_id)] = desk.site.rows(LAST_SIGN_IN)
    assert address == CLIENT
    assert re.fullmatch(REQUEST_IDS[kind], request_id)
