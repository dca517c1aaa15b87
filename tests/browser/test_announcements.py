"""Announce the end of a look-up, an applied filter and a failed sign-in."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.user import OpenBrowser, User, in_both_ways


def test_applied_filter_of_the_log_is_said(vera: User) -> None:
    vera.page.goto("/audit/")
    status = vera.page.get_by_role("status").and_(vera.page.locator("#log-status"))
    expect(status).to_contain_text(re.compile(r"of .+ action"))
    status.evaluate("element => { element.isSame = true; }")
    vera.page.get_by_label("Outcome").select_option(label="no outcome")
    vera.page.get_by_role("button", name="Show", exact=True).click()
    expect(status).to_contain_text("No matching entries.")
    # A screen reader hears a new text only of an element that stays.
    assert status.evaluate("element => element.isSame === true")
    expect(vera.page.locator("#status")).to_be_empty()  # what is said twice takes twice as long


@in_both_ways
def test_failed_sign_in_starts_at_its_error(open_browser: OpenBrowser) -> None:
    stranger = open_browser("ada", is_signed_in=False)
    stranger.page.goto("/accounts/login/")
    expect(stranger.page.locator("[name=username]")).to_be_focused()
    stranger.page.locator("[name=username]").fill("stranger")
    stranger.page.locator("[name=password]").fill("wrong")
    stranger.page.locator("main form button").click()
    error = stranger.page.locator("#sign-in-error")
    expect(error).to_be_focused()
    expect(stranger.page).to_have_title(re.compile("^Error: "))
    expect(stranger.page.get_by_label("Name")).to_have_value("stranger")
    expect(stranger.page.get_by_label("Password")).to_have_accessible_description(
        re.compile("Name and password do not match")
    )
    stranger.check_variant("sign-in-refused")
    stranger.complaints.clear()  # the browser reports the request that failed
