"""In a real browser: a session that ends under a form, and the admin under the strict policy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.holds.models import Hold
from tests.accounts.cast import PASSWORD, person
from tests.parts import program, require

pytestmark = pytest.mark.django_db(transaction=True)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    # Not a fixture: Django's database is out of reach on this thread while it runs.
    path = require("Chromium", program("chromium"))
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def complaints_of(page: Page) -> list[str]:
    """What the browser's console says against the page, from now on."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    return said


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def path_of(page: Page) -> str:
    parts = urlsplit(page.url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@pytest.fixture
def hold(transactional_db: None) -> Hold:
    now = datetime.now(UTC)
    return Hold.objects.create(
        state=Hold.State.HELD,
        holder=person("staff", Role.STAFF),
        event_type_id=1,
        slot_start=now + timedelta(days=1),
        slot_end=now + timedelta(days=1, hours=1),
        reservation_duration=30,
        held_until=now + timedelta(minutes=30),
        reservation_uid="only-for-tests",
        created_at=now,
        changed_at=now,
    )


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "plain"])
def test_a_session_that_ends_under_a_form_costs_nothing(
    live_server: LiveServer, hold: Hold, scripts: bool
) -> None:
    with chromium() as browser:
        context = browser.new_context(base_url=live_server.url, java_script_enabled=scripts)
        page = context.new_page()
        page.goto(f"/holds/{hold.pk}/")
        assert path_of(page) == f"/accounts/login/?next=/holds/{hold.pk}/"
        sign_in(page, "staff")
        expect(page).to_have_url(f"{live_server.url}/holds/{hold.pk}/")
        note = page.locator("form[action$='/release'] [name=note]")
        release = page.locator("form[action$='/release'] button").last
        open_all(page)
        note.fill("rang off & <will> call")
        context.clear_cookies(name="sessionid")
        release.click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert path_of(page) == f"/accounts/login/?next=/holds/{hold.pk}/"
        sign_in(page, "staff")
        expect(page).to_have_url(f"{live_server.url}/holds/{hold.pk}/")
        expect(note).to_have_value("rang off & <will> call")
        expect(page.get_by_text("Nothing has been sent yet.")).to_be_visible()
    assert Hold.objects.get(pk=hold.pk).state == Hold.State.HELD


def open_all(page: Page) -> None:
    closed = page.locator("main details:not([open]) > summary")
    while closed.count():
        closed.first.click()


def test_a_sign_in_in_another_window_costs_nothing(live_server: LiveServer, hold: Hold) -> None:
    with chromium() as browser:
        context = browser.new_context(base_url=live_server.url)
        page = context.new_page()
        page.goto(f"/holds/{hold.pk}/")
        sign_in(page, "staff")
        open_all(page)
        note = page.locator("form[action$='/release'] [name=note]")
        note.fill("rang off")
        context.clear_cookies(name="sessionid")
        other = context.new_page()
        other.goto("/accounts/login/")
        sign_in(other, "staff")
        expect(other).to_have_url(f"{live_server.url}/")
        page.locator("form[action$='/release'] button").last.click()
        again = page.get_by_role("link", name="Open the form again with what you typed")
        expect(again).to_be_visible()
        expect(note).to_have_value("rang off")  # the form below the banner is as it was
        again.click()
        expect(page.get_by_text("Nothing has been sent yet.")).to_be_visible()
        expect(note).to_have_value("rang off")
    assert Hold.objects.get(pk=hold.pk).state == Hold.State.HELD


def test_the_admin_pages_need_nothing_that_the_policy_forbids(live_server: LiveServer) -> None:
    person("admin", Role.ADMINS)
    staff = person("staff", Role.STAFF)
    with chromium() as browser:
        page = browser.new_context(base_url=live_server.url).new_page()
        complaints = complaints_of(page)
        page.goto("/admin/")
        sign_in(page, "admin")
        page.get_by_role("link", name="Add person").click()
        page.get_by_label("Name to sign in with").fill("new")
        page.get_by_label("New password:", exact=True).fill(PASSWORD)
        page.get_by_label("New password again").fill(PASSWORD)
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("was added successfully")).to_be_visible()
        page.get_by_role("link", name="staff", exact=True).click()
        page.get_by_label("Role").select_option("Admins")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.get_by_text("was changed successfully")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert complaints == []
    assert User.objects.get(pk=staff.pk).is_admin
    assert User.objects.get(username="new").group_names == {"Staff"}
