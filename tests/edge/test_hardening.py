"""Headers of every page, and HEAD at every address."""

import pytest
from django.test import Client

from tests.architecture.test_urls import VIEWS, address
from tests.holds.conftest import calcom  # noqa: F401
from tests.migrated import PASSWORD
from tests.script_visitor import Visitor

ROUTES = {name: address(name, words) for name, words, _ in VIEWS if not name.endswith("None")}
PROBES = {"livez", "readyz"}  # answered before anything else, and with no word about a person
HARDENED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(),"
    " payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Pages, redirects, refusals and answers without a body; all pass through the same middleware.
ASKED = [("admin", method) for method in ("get", "post", "head")]
ASKED += [("anonymous", method) for method in ("get", "put", "options")]


@pytest.fixture
def browser(request, calcom, django_user_model):  # noqa: F811
    client = Client()
    if request.param == "admin":
        client.force_login(django_user_model.objects.create_superuser("root"))
    return client


@pytest.mark.slow  # hundreds of pages
@pytest.mark.parametrize(("browser", "method"), ASKED, indirect=["browser"])
def test_every_answer_is_hardened_and_not_stored(browser, method):
    paths = [path for name, path in ROUTES.items() if name not in PROBES]
    assert len(paths) > 30
    wrong = {}
    for path in [*paths, "/nowhere", "/admin/nowhere"]:
        headers = getattr(browser, method)(path).headers
        missing = {name for name, value in HARDENED.items() if headers.get(name) != value}
        missing |= {"no-store"} - set(headers["Cache-Control"].split(", "))
        missing |= {"Content-Security-Policy"} - set(headers)
        wrong |= {path: missing} if missing else {}
    assert wrong == {}


@pytest.mark.slow
@pytest.mark.parametrize("browser", ["admin"], indirect=True)
def test_redirects_fit_into_the_headers_that_proxies_take(browser):
    """nginx answers 502 to longer ones, and sends nothing more to that machine for a while."""
    text = "a" * 7700
    by_path = {
        path: browser.get(path)["Location"] for path in (f"/settings?{text}", f"/admin/{text}")
    }
    assert [*by_path.values()] == ["/settings/", f"/admin/{text}"[:6500]]
    browser.logout()
    answer = browser.get(f"/admin/dashboard/user/{text}/change/", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == "/accounts/login/"


@pytest.mark.slow
def test_head_is_answered_without_a_body_or_a_warning(serve):
    site = serve("http://localhost/holds", CALCOM_API_URL="http://127.0.0.1:9")
    headers = {"Host": "localhost", "Accept-Encoding": "identity"}
    with Visitor(f"{site.url}/holds", headers=headers) as vera:
        assert vera.sign_in("vera", PASSWORD) == 302
        paths = [*ROUTES.values(), "/static/nothing.js", "/nowhere"]
        bodies = {path: vera.client.head(f"{vera.base}{path}").content for path in paths}
    assert {path for path, body in bodies.items() if body} == set()
    with Visitor(f"{site.url}/holds", headers=headers) as stranger:
        for path in ("/livez", "/accounts/login/", "/nowhere", "/"):
            got, head = stranger.get(path), stranger.client.head(f"{stranger.base}{path}")
            assert head.status_code == got.status_code
            assert abs(int(head.headers["Content-Length"]) - len(got.content)) < 200  # tokens
    log = site.log.read_text()
    assert [line for line in log.splitlines() if "[WARNING]" in line] == []  # gunicorn's own
    assert "no-body response" not in log
