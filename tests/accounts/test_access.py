"""Access control by the middleware."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import clear_script_prefix, set_script_prefix

from dashboard.accounts import middleware
from dashboard.accounts.access import Policy, admins_only, policy_of, public
from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import LOGIN, expire, send, send_by_htmx, sign_in
from tests.accounts.conftest import Story

pytestmark = pytest.mark.usefixtures("small_site")

BANNER = '<div id="banner" role="alert" hx-swap-oob="true">'


def test_anonymous_request_redirects_to_sign_in(db: None, browser: Client) -> None:
    answer = browser.get("/holds/7/?tab=story&q=a%26b")
    assert answer.status_code == 302
    assert answer["Location"] == f"{LOGIN}?next=/holds/7/%3Ftab%3Dstory%26q%3Da%2526b"


def test_sign_in_returns_to_the_requested_page(browser: Client, staff: User) -> None:
    wanted = browser.get("/holds/7/?tab=story", follow=True)
    answer = sign_in(browser, "staff", next=wanted.context["next"])
    assert (answer.status_code, answer["Location"]) == (302, "/holds/7/?tab=story")


def test_htmx_request_redirects_the_page(db: None, browser: Client) -> None:
    browser.get(LOGIN)
    answer = send_by_htmx(browser, "/holds/7/extend", page="/?mine=1")
    assert answer.status_code == 200
    assert answer["HX-Redirect"] == f"{LOGIN}?next=/%3Fmine%3D1"
    assert answer.content == b""


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/holds/7/check", "/holds/7/"),
        ("/holds/7/extend", "/holds/7/"),
        ("/holds/7/move", "/holds/7/move"),
        ("/holds/7/release", "/holds/7/"),
        ("/holds/new", "/holds/new"),
        ("/look-up", "/look-up"),
        ("/check", "/"),
    ],
)
def test_form_after_expiry_returns_to_its_page(
    db: None, client: Client, address: str, page: str
) -> None:
    assert client.post(address)["Location"] == f"{LOGIN}?next={page}"
    foreign = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/"}
    assert client.post(address, headers=foreign)["HX-Redirect"] == f"{LOGIN}?next={page}"


def test_form_returns_with_the_query_of_its_referer(db: None, client: Client) -> None:
    opened = {"Referer": "http://testserver/holds/new?event_type_id=3"}
    answer = client.post("/holds/new", headers=opened)
    assert answer["Location"] == f"{LOGIN}?next=/holds/new%3Fevent_type_id%3D3"


def test_poll_after_expiry_returns_to_its_page(db: None, client: Client) -> None:
    assert client.get("/rows")["Location"] == f"{LOGIN}?next=/"


def test_person_without_role_gets_403_with_advice(
    browser: Client, stranger: User, story: Callable[[], Story]
) -> None:
    sign_in(browser, "stranger")
    answer = browser.get("/")
    assert answer.status_code == 403
    assert "you have no role yet" in answer.content.decode()
    assert story() == [("stranger", "sign_in", "ok"), ("stranger", "denied", "refused")]


def test_denied_page_of_admins_is_logged(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    assert browser.get("/").status_code == 200
    answer = browser.get("/audit/")
    assert answer.status_code == 403
    assert "You are not allowed to do this" in answer.content.decode()
    entry = AuditEntry.objects.get(action="denied")
    assert (entry.actor, entry.asked) == (staff, {"method": "GET", "path": "/audit/"})
    assert entry.error_code == "denied"  # the pictures count refusals by cause


def test_repeated_denials_are_logged_once(
    browser: Client, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(browser, "staff")

    def denied() -> list[str]:
        entries = AuditEntry.objects.filter(action="denied").order_by("id")
        return [entry.asked["method"] for entry in entries]

    for _ in range(5):
        assert browser.get("/audit/").status_code == 403
    assert denied() == ["GET"]
    browser.post("/audit/", {"csrfmiddlewaretoken": browser.cookies["holdfast_csrf"].value})
    assert denied() == ["GET", "POST"]
    monkeypatch.setattr(middleware, "REPEATED_DENIAL_SECONDS", 0)
    browser.post("/audit/", {"csrfmiddlewaretoken": browser.cookies["holdfast_csrf"].value})
    assert denied() == ["GET", "POST", "POST"]


@pytest.fixture
def below_desk() -> Iterator[None]:
    """Set the script prefix that a WSGI server under /desk sets; the test client does not."""
    set_script_prefix("/desk/")
    yield
    clear_script_prefix()


@pytest.mark.usefixtures("below_desk")
def test_redirects_stay_below_the_prefix(staff: User) -> None:
    browser = Client(enforce_csrf_checks=True, SCRIPT_NAME="/desk")
    answer = browser.get("/holds/7/")
    assert answer["Location"] == f"/desk{LOGIN}?next=/desk/holds/7/"
    assert sign_in(browser, "staff", next="/holds/7/")["Location"] == "/desk/"
    assert browser.get("/holds/7/").content == b"hold 7 {}"
    expire(browser)
    answer = send(browser, "/holds/7/extend", minutes="9")
    assert answer["Location"] == f"/desk{LOGIN}?next=/desk/holds/7/"
    assert sign_in(browser, "staff", next="/desk/holds/7/")["Location"] == "/desk/holds/7/"
    assert browser.get("/holds/7/").content == b"hold 7 {'extend': 'minutes=9'}"


def test_htmx_denial_is_a_banner(staff: User, stranger: User) -> None:
    for name, page in [("staff", "/audit/"), ("stranger", "/")]:
        browser = Client(enforce_csrf_checks=True)
        sign_in(browser, name)
        answer = browser.get(page, headers={"HX-Request": "true"})
        assert answer.status_code == 403
        assert answer.content.decode().lstrip().startswith(BANNER)


def test_admins_and_superusers_see_pages_of_admins(admin: User, superuser: User) -> None:
    for name in ("admin", "super"):
        browser = Client(enforce_csrf_checks=True)
        sign_in(browser, name)
        assert browser.get("/audit/").status_code == 200


def test_lost_role_and_deactivation_apply_to_the_next_request(browser: Client, staff: User) -> None:
    sign_in(browser, "staff")
    staff.groups.clear()
    assert browser.get("/").status_code == 403
    User.objects.update(is_active=False)
    assert browser.get("/")["Location"] == f"{LOGIN}?next=/"


def test_policy_of_a_view() -> None:
    def view() -> None: ...

    assert policy_of(view) is Policy.STAFF
    assert policy_of(admins_only(view)) is Policy.ADMINS
    assert policy_of(public(view)) is Policy.PUBLIC
    assert policy_of(view) is Policy.STAFF  # the mark is on the wrapper only
