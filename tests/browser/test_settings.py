"""Personal settings, with scripts and without, and their effect on every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.user import OpenBrowser, User, in_both_ways


@pytest.fixture
def grace(open_browser: OpenBrowser) -> User:
    """A member of staff at the settings."""
    user = open_browser("grace")
    user.page.goto("/settings/")
    return user


def test_the_menu_leads_to_the_settings(ada: User) -> None:
    ada.page.goto("/")
    ada.page.locator("details.menu summary").click()
    ada.page.get_by_role("link", name="Settings", exact=True).click()
    ada.expect_heading("Your settings")
    ada.check_page("settings")


def test_a_wrong_current_password_is_marked(grace: User) -> None:
    grace.refusals.add(422)
    grace.page.get_by_role("link", name="Change your password").click()
    grace.expect_heading("Change your password")
    grace.check_variant("password")
    grace.fill(old_password="wrong", new_password1="another horse 8")
    grace.fill(new_password2="another horse 8")
    grace.press("Save")
    grace.expect_text("This is not your password.")
    expect(grace.field("old_password")).to_have_attribute("aria-invalid", "true")
    expect(grace.field("old_password")).to_have_value("")
    grace.check_variant("password-refused")


@in_both_ways
def test_saved_settings_apply_to_the_next_page(grace: User) -> None:
    grace.page.get_by_label("Time zone").select_option("America/New_York")
    grace.page.get_by_label("Usual appointment type").select_option(index=1)
    grace.fill(hold_minutes="25")
    grace.page.get_by_label("Compact").check()
    grace.press("Save")
    grace.expect_text("Your settings are saved.")
    expect(grace.page.locator("html")).to_have_attribute("class", "dense keys")
    expect(grace.page.locator("header .clock")).to_contain_text("America/New_York")
    expect(grace.page.locator("footer")).to_contain_text("the office is in Europe/Rome")
    grace.page.goto("/holds/new")
    expect(grace.page.locator("[name=reservation_duration]")).to_have_value("25")
    grace.check_variant("place-elsewhere")
    pk = grace.place()
    grace.page.goto("/")
    grace.check_variant("board-compact")
    expect(grace.page.locator(f"#h{pk}")).to_be_visible()
