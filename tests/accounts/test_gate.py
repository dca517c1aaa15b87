"""Nobody passes the gate but by a view's policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import (
    URLPattern,
    URLResolver,
    clear_script_prefix,
    get_resolver,
    set_script_prefix,
)

from dashboard.accounts import access
from dashboard.accounts.models import User
from dashboard.accounts.policy import Policy, admins_only, policy_of, public
from dashboard.audit.models import AuditEntry
from tests.accounts.cast import LOGIN, expire, send, send_by_htmx, sign_in
from tests.accounts.conftest import Story

pytestmark = pytest.mark.usefixtures("small_site")

BANNER = '<div id="banner" role="alert" hx-swap-oob="true">'


def test_anonymous_people_are_sent_to_sign_in_and_back(db: None, browser: Client) -> None:
    answer = browser.get("/holds/7/?tab=story&q=a%26b")
    assert answer.status_code == 302
    assert answer["Location"] == f"{LOGIN}?next=/holds/7/%3Ftab%3Dstory%26q%3Da%2526b"


def test_signing_in_leads_to_the_page_that_was_wanted(browser: Client, staff: User) -> None:
    wanted = browser.get("/holds/7/?tab=story", follow=True)
    answer = sign_in(browser, "staff", next=wanted.context["next"])
    assert (answer.status_code, answer["Location"]) == (302, "/holds/7/?tab=story")


def test_htmx_is_told_to_go_to_sign_in_and_back_to_the_page(db: None, browser: Client) -> None:
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
def test_an_expired_form_leads_back_to_the_page_that_shows_it(
    db: None, client: Client, address: str, page: str
) -> None:
    assert client.post(address)["Location"] == f"{LOGIN}?next={page}"
    foreign = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/"}
    assert client.post(address, headers=foreign)["HX-Redirect"] == f"{LOGIN}?next={page}"


def test_the_pages_own_query_is_kept_when_the_browser_names_it(db: None, client: Client) -> None:
    opened = {"Referer": "http://testserver/holds/new?event_type_id=3"}
    answer = client.post("/holds/new", headers=opened)
    assert answer["Location"] == f"{LOGIN}?next=/holds/new%3Fevent_type_id%3D3"


def test_a_poll_after_the_session_leads_back_to_its_page(db: None, client: Client) -> None:
    assert client.get("/rows")["Location"] == f"{LOGIN}?next=/"


def test_people_without_a_role_get_a_403_that_says_what_to_do(
    browser: Client, stranger: User, story: Callable[[], Story]
) -> None:
    sign_in(browser, "stranger")
    answer = browser.get("/")
    assert answer.status_code == 403
    assert "nobody has given you a role yet" in answer.content.decode()
    assert story() == [("stranger", "sign_in", "ok"), ("stranger", "denied", "refused")]


def test_staff_may_not_see_what_is_for_admins_and_the_audit_says_so(
    browser: Client, staff: User
) -> None:
    sign_in(browser, "staff")
    assert browser.get("/").status_code == 200
    answer = browser.get("/audit/")
    assert answer.status_code == 403
    assert "You are not allowed to do this" in answer.content.decode()
    entry = AuditEntry.objects.get(action="denied")
    assert (entry.actor, entry.asked) == (staff, {"method": "GET", "path": "/audit/"})


def test_a_page_that_polls_does_not_fill_the_log(
    browser: Client, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(browser, "staff")

    def denied() -> list[str]:
        entries = AuditEntry.objects.filter(action="denied").order_by("id")
        return [entry.asked["method"] for entry in entries]

    for _ in range(5):
        assert browser.get("/audit/").status_code == 403
    assert denied() == ["GET"]
    browser.post("/audit/", {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value})
    assert denied() == ["GET", "POST"]
    monkeypatch.setattr(access, "SAME_DENIAL_SECONDS", 0)
    browser.post("/audit/", {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value})
    assert denied() == ["GET", "POST", "POST"]


@pytest.fixture
def below_desk() -> Iterator[None]:
    """What a WSGI server below /desk says, which Django's test client leaves out."""
    set_script_prefix("/desk/")
    yield
    clear_script_prefix()


@pytest.mark.usefixtures("below_desk")
def test_below_a_prefix_all_of_it_stays_below(staff: User) -> None:
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


def test_under_htmx_a_refusal_is_a_fragment_for_the_banner(staff: User, stranger: User) -> None:
    for name, page in [("staff", "/audit/"), ("stranger", "/")]:
        browser = Client(enforce_csrf_checks=True)
        sign_in(browser, name)
        answer = browser.get(page, headers={"HX-Request": "true"})
        assert answer.status_code == 403
        assert answer.content.decode().startswith(BANNER)


def test_admins_and_superusers_see_what_is_for_admins(admin: User, superuser: User) -> None:
    for name in ("admin", "super"):
        browser = Client(enforce_csrf_checks=True)
        sign_in(browser, name)
        assert browser.get("/audit/").status_code == 200


def test_who_loses_the_role_or_is_switched_off_is_out_with_the_next_click(
    browser: Client, staff: User
) -> None:
    sign_in(browser, "staff")
    staff.groups.clear()
    assert browser.get("/").status_code == 403
    User.objects.update(is_active=False)
    assert browser.get("/")["Location"] == f"{LOGIN}?next=/"


def test_the_mark_on_a_view_can_be_read() -> None:
    def view() -> None: ...

    assert policy_of(view) is Policy.STAFF
    assert policy_of(admins_only(view)) is Policy.ADMINS
    assert policy_of(public(view)) is Policy.PUBLIC
    assert policy_of(view) is Policy.STAFF  # a mark in one place holds in that place


def walk(patterns: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns)
        else:
            yield pattern


def of(policy: Policy) -> set[str]:
    found = walk(get_resolver("dashboard.urls").url_patterns)
    return {str(one.name) for one in found if policy_of(one.callback) is policy}


def test_only_these_addresses_are_public() -> None:
    assert of(Policy.PUBLIC) == {"livez", "readyz", "login", "logout"}


def test_all_of_djangos_admin_is_for_admins_and_no_more_of_it_is_there_than_this() -> None:
    resolvers = get_resolver("dashboard.urls").url_patterns
    site = next(one for one in resolvers if getattr(one, "namespace", None) == "admin")
    pages = {str(one.name): policy_of(one.callback) for one in walk([site])}
    assert pages == dict.fromkeys(
        (
            "index",
            "login",
            "app_list",
            "jsi18n",
            "dashboard_user_changelist",
            "dashboard_user_add",
            "dashboard_user_change",
        ),
        Policy.ADMINS,
    )
