"""In a real browser: forms that outlive their session, and the admin under the CSP."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from dashboard.accounts.models import User
from dashboard.accounts.roles import Role
from dashboard.holds.models import Hold
from tests.accounts.cast import PASSWORD, make_hold, person
from tests.browser.user import chromium_running

# Chromium runs inside the tests: on its thread Django refuses access to the database.
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def console_errors(page: Page) -> list[str]:
    """Return a list that collects console errors of the page."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    return errors


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def path_of(page: Page) -> str:
    parts = urlsplit(page.url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@pytest.fixture
def hold(transactional_db: None) -> Hold:
    return make_hold(person("staff", Role.STAFF))


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "plain"])
def test_form_survives_an_expired_session(
    live_server: LiveServer, hold: Hold, scripts: bool
) -> None:
    with chromium_running() as browser:
        context = browser.new_context(base_url=live_server.url, java_script_enabled=scripts)
        page = context.new_page()
        page.goto(f"/holds/{hold.pk}/")
        assert path_of(page) == f"/accounts/login/?next=/holds/{hold.pk}/"
        sign_in(page, "staff")
        expect(page).to_have_url(f"{live_server.url}/holds/{hold.pk}/")
        note = page.locator("form[action$='/release'] [name=note]")
        release = page.locator("form[action$='/release'] button").last
        open_details(page)
        note.fill("rang off & <will> call")
        context.clear_cookies(name="holdfast_session")
        release.click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert path_of(page) == f"/accounts/login/?next=/holds/{hold.pk}/"
        sign_in(page, "staff")
        expect(page).to_have_url(f"{live_server.url}/holds/{hold.pk}/")
        expect(note).to_have_value("rang off & <will> call")
        expect(page.get_by_text("Not saved yet.")).to_be_visible()
    assert Hold.objects.get(pk=hold.pk).state == Hold.State.HELD


def open_details(page: Page) -> None:
    closed = page.locator("main details:not([open]) > summary")
    while closed.count():
        closed.first.click()


def test_form_survives_a_sign_in_in_another_window(live_server: LiveServer, hold: Hold) -> None:
    with chromium_running() as browser:
        context = browser.new_context(base_url=live_server.url)
        page = context.new_page()
        page.goto(f"/holds/{hold.pk}/")
        sign_in(page, "staff")
        open_details(page)
        note = page.locator("form[action$='/release'] [name=note]")
        note.fill("rang off")
        context.clear_cookies(name="holdfast_session")
        other = context.new_page()
        other.goto("/accounts/login/")
        sign_in(other, "staff")
        expect(other).to_have_url(f"{live_server.url}/")
        page.locator("form[action$='/release'] button").last.click()
        again = page.get_by_role("link", name="Open the form again with what you typed")
        expect(again).to_be_visible()
        expect(note).to_have_value("rang off")  # the form below the banner is unchanged
        again.click()
        expect(page.get_by_text("Not saved yet.")).to_be_visible()
        expect(note).to_have_value("rang off")
    assert Hold.objects.get(pk=hold.pk).state == Hold.State.HELD


def test_admin_pages_comply_with_the_content_security_policy(live_server: LiveServer) -> None:
    person("admin", Role.ADMINS)
    staff = person("staff", Role.STAFF)
    with chromium_running() as browser:
        page = browser.new_context(base_url=live_server.url).new_page()
        errors = console_errors(page)
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
        assert errors == []
    assert User.objects.get(pk=staff.pk).is_admin
    assert User.objects.get(username="new").group_names == {"Staff"}


@pytest.mark.parametrize("scripts", [True, False], ids=["htmx", "plain"])
def test_error_of_a_failed_sign_in_has_the_focus(live_server: LiveServer, scripts: bool) -> None:
    with chromium_running() as browser:
        context = browser.new_context(base_url=live_server.url, java_script_enabled=scripts)
        page = context.new_page()
        page.goto("/accounts/login/")
        expect(page.get_by_label("Name")).to_be_focused()
        sign_in(page, "no such person")
        expect(page).to_have_title("Error: Sign in · Holdfast")
        expect(page.get_by_role("alert").filter(has_text="do not match")).to_be_focused()
        expect(page.get_by_label("Password")).to_have_accessible_description(
            re.compile("Name and password do not match")
        )


def test_applied_filter_replaces_the_text_of_one_live_region(
    live_server: LiveServer, transactional_db: None
) -> None:
    person("admin", Role.ADMINS)
    with chromium_running() as browser:
        page = browser.new_context(base_url=live_server.url).new_page()
        page.goto("/audit/")
        sign_in(page, "admin")
        status = page.locator("#log-status")
        expect(status).to_have_text(re.compile("2 of 2 actions."))
        status.evaluate("element => { element.kept = true }")
        page.get_by_label("Action").select_option("sign_in")
        page.get_by_role("button", name="Show").click()
        expect(status).to_have_text(re.compile(r"1 of 1 action\.\s+Action: signed in"))
        assert status.evaluate("element => element.kept")
        page.get_by_label("Action").select_option("export")
        page.get_by_role("button", name="Show").click()
        expect(status).to_have_text(re.compile(r"No matching entries\."))
        assert status.evaluate("element => element.kept")
