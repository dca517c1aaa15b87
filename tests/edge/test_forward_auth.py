"""Sign-in by the proxy through nginx (auth_request) and Caddy (forward_auth)."""

import re
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import pytest

from tests.edge.conftest import starter
from tests.edge.forward_auth import auth_server, running
from tests.ports import free_ports
from tests.serving import WAIT_SECONDS, Site

pytestmark = pytest.mark.slow

HOST = "desk.example.org"
CLIENT = "127.0.0.7"
FORGED = {
    "X-Forwarded-User": "eve",
    "X-Forwarded-Groups": "leads",
    "X_Forwarded_User": "eve",
    "X_Forwarded_Groups": "leads",
}
SIGNED_IN = """
SELECT actor_name, action, reason, address FROM dashboard_auditentry
WHERE action LIKE 'sign_%' ORDER BY id
"""


@dataclass
class Deployment:
    site: Site
    proxies: dict[str, str]
    stack: ExitStack

    def browser(self, base: str, sso: str = "", *, address: str = CLIENT) -> httpx.Client:
        transport = httpx.HTTPTransport(local_address=address)
        cookies = {"sso": sso} if sso else {}
        client = httpx.Client(
            base_url=base,
            transport=transport,
            cookies=cookies,
            headers={"Host": HOST},
            timeout=WAIT_SECONDS,
        )
        return self.stack.enter_context(client)

    def entries(self) -> list[tuple[str, ...]]:
        return self.site.rows(SIGNED_IN)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sso")
    with ExitStack() as stack:
        serve = stack.enter_context(starter(folder))
        site = serve(
            f"http://{HOST}",
            TRUSTED_PROXIES="127.0.0.1",
            REMOTE_USER_HEADER="X-Forwarded-User",
            REMOTE_GROUPS_HEADER="X-Forwarded-Groups",
            REMOTE_GROUPS="reception:Staff,leads:Admins",
            REMOTE_SIGN_OUT_URL="/oauth2/sign_out",
        )
        auth = stack.enter_context(auth_server())
        upstream = site.url.removeprefix("http://")
        proxies = {}
        for proxy, port in zip(("nginx", "caddy"), free_ports(2), strict=True):
            inner = tmp_path_factory.mktemp(proxy)
            options = {"upstream": upstream, "auth": auth, "port": port, "folder": inner}
            proxies[proxy] = stack.enter_context(running(proxy, **options))
        yield Deployment(site, proxies, stack)


@pytest.fixture(params=["nginx", "caddy"])
def proxy(request, deployment):
    return deployment.proxies[request.param]


def test_person_works_signs_out_and_another_takes_over(deployment, proxy, request):
    name = request.node.callspec.id
    assert deployment.browser(proxy).get("/").status_code == 401
    browser = deployment.browser(proxy, f"ada.{name}:reception")
    page = browser.get("/settings/")
    assert (page.status_code, browser.get("/audit/").status_code) == (200, 403)
    browser.cookies.set("sso", f"bob.{name}:leads")
    assert browser.get("/audit/").status_code == 200
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)', browser.get("/settings/").text)[1]
    answer = browser.post("/accounts/logout/", data={"csrfmiddlewaretoken": token})
    assert (answer.status_code, answer.headers["Refresh"]) == (200, "0; url=/oauth2/sign_out")
    both = {f"ada.{name}", f"bob.{name}"}
    mine = [entry for entry in deployment.entries() if entry[0] in both]
    assert mine == [
        (f"ada.{name}", "sign_in", "by_proxy", CLIENT),
        (f"ada.{name}", "sign_out", "by_proxy", CLIENT),
        (f"bob.{name}", "sign_in", "by_proxy", CLIENT),
        (f"bob.{name}", "sign_out", "", CLIENT),
    ]


def test_name_beyond_ascii_signs_in(deployment, proxy, request):
    name = f"jürgen.{request.node.callspec.id}"
    browser = deployment.browser(proxy, f"{quote(name)}:reception")
    assert browser.get("/settings/").status_code == 200
    mine = [entry[:2] for entry in deployment.entries() if entry[0] == name]
    assert mine == [(name, "sign_in")]


def test_forged_headers_change_nothing(deployment, proxy, request):
    """Without a name from the server Caddy sends its placeholder, which is no user name."""
    name = f"carl.{request.node.callspec.id}"
    nameless = deployment.browser(proxy, ":")
    assert nameless.get("/", headers=FORGED).status_code == 302
    browser = deployment.browser(proxy, f"{name}:reception")
    assert browser.get("/", headers=FORGED).status_code == 200
    assert browser.get("/audit/", headers=FORGED).status_code == 403
    assert [entry for entry in deployment.entries() if re.search(r"\beve\b", entry[0])] == []


def test_headers_do_not_count_beside_the_proxy(deployment):
    past = deployment.browser(deployment.site.url, address="127.0.0.9")
    assert past.get("/", headers=FORGED).status_code == 302
    underscores = {name: value for name, value in FORGED.items() if "_" in name}
    as_proxy = deployment.browser(deployment.site.url, address="127.0.0.1")
    assert as_proxy.get("/", headers=underscores).status_code == 302
    assert [entry for entry in deployment.entries() if re.search(r"\beve\b", entry[0])] == []
