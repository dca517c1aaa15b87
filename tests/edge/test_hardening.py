"""Headers of every page, and HEAD at every address."""

import pytest
from django.conf import settings
from django.test import Client

from tests.architecture.test_urls import VIEWS, address
from tests.holds.conftest import calcom, sandbox
from tests.migrated import PASSWORD
from tests.script_visitor import Visitor

__all__ = ["calcom", "sandbox"]
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
    "X-Robots-Tag": "noindex, nofollow",
}
HTMX = {"HX-Request": "true"}
# Pages, redirects, refusals and answers without a body; all pass through the same middleware, so
# of those that few views tell apart, a quarter of the addresses is enough.
ASKED = [
    *(("admin", "get", {}, 1), ("admin", "post", HTMX, 1), ("admin", "head", {}, 4)),
    *(("staff", "get", HTMX, 1), ("staff", "post", {}, 4)),
    *(("", "get", {}, 4), ("", "put", {}, 4), ("", "options", {}, 4), ("", "post", HTMX, 4)),
]


@pytest.mark.slow  # hundreds of pages
@pytest.mark.parametrize(("name", "method", "asked", "every"), ASKED)
def test_every_answer_is_hardened_and_not_stored(calcom, staff, admin, name, method, asked, every):  # noqa: PLR0917
    browser, people = Client(raise_request_exception=False), {"staff": staff, "admin": admin}
    paths = [path for route, path in ROUTES.items() if route not in PROBES]
    assert len(paths) > 30
    wrong = {}
    for path in [*paths[::every], "/nowhere", "/holds/1", "/admin/nowhere", "/admin/nowhere/"]:
        session = browser.cookies.get(settings.SESSION_COOKIE_NAME)
        if name and not (session and session.value):  # at first, and after signing out
            browser.force_login(people[name])
        answer = getattr(browser, method)(path, headers=asked)
        headers = answer.headers
        missing = {name for name, value in HARDENED.items() if headers.get(name) != value}
        missing |= {"no-store"} - set(headers["Cache-Control"].split(", "))
        missing |= {"Content-Security-Policy"} - set(headers)
        if missing or answer.status_code >= 500:
            wrong[path] = (answer.status_code, missing)
    assert wrong == {}


@pytest.mark.slow
def test_redirects_fit_into_the_headers_that_proxies_take(calcom, admin):
    """nginx answers 502 to longer ones, and sends nothing more to that machine for a while."""
    browser = Client()
    browser.force_login(admin)
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
