"""The log as a place to work: follow it, read stories, and save searches."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.user import OpenBrowser, User

REFRESH = "htmx.trigger('#log-news', 'refresh', {}, false)"


def test_new_actions_are_counted_and_shown_only_when_asked(vera: User, product: Product) -> None:
    product.place("ada", product.free_time(), "Hedy Lamarr")
    vera.page.set_viewport_size({"width": 1440, "height": 500})  # the page is longer
    vera.page.goto("/audit/?find=action:place")
    vera.page.get_by_role("link", name="Follow").click()
    news, rows = vera.page.locator("#log-news"), vera.page.locator("main tbody tr")
    expect(news).to_contain_text("No new actions.")
    vera.page.wait_for_load_state()  # the rows come below
    seen = rows.all_inner_texts()
    vera.field("find").fill("being typed")
    product.place("ada", product.free_time(), "Maria Mitchell")
    product.place("ada", product.free_time(), "Ada Yonath")
    vera.page.evaluate("window.scrollTo(0, 60)")
    vera.page.evaluate(REFRESH)
    expect(news.get_by_role("status")).to_have_text("2 new actions.")
    assert rows.all_inner_texts() == seen
    expect(vera.field("find")).to_be_focused()
    expect(vera.field("find")).to_have_value("being typed")
    assert vera.page.evaluate("window.scrollY") == 60
    show = vera.page.get_by_role("link", name="Show new actions")
    show.press("Enter")
    expect(rows.first).to_contain_text("Ada Yonath")
    expect(show).to_be_focused()
    expect(news).to_contain_text("No new actions.")
    vera.page.get_by_role("link", name="Stop following").click()
    expect(news).to_have_count(0)


def test_following_tells_an_outage_and_ends_with_the_session(vera: User) -> None:
    vera.poll_often()
    vera.page.goto("/audit/?follow=on")
    news = vera.page.locator("#log-news").get_by_role("status")
    expect(news).to_have_text("No new actions.")
    vera.page.context.set_offline(True)
    expect(news).to_contain_text("Not updated since")
    text = news.evaluate_handle("(line) => line.firstChild")
    for _poll in range(2):
        vera.page.wait_for_event("requestfailed", lambda sent: "/audit/news" in sent.url)
    assert text.evaluate("(text) => text.isConnected")  # one that is put there anew is read anew
    vera.page.context.set_offline(False)
    expect(news).to_have_text("No new actions.")
    vera.complaints.clear()  # the browser reports each request that failed
    vera.page.context.clear_cookies(name="holdfast_session")
    vera.page.wait_for_url(re.compile(r"/accounts/login/\?next=/audit/"))


def test_stories_and_saved_searches(
    vera: User, product: Product, open_browser: OpenBrowser
) -> None:
    """Go from a sentence to the client's story, save it, and see what other Admins saved."""
    vera.refusals.add(422)
    pk = product.place("ada", product.free_time(), "Noor Haddad", client_contact="+39 06 123")
    product.post("ada", f"/holds/{pk}/release", {"reason": "client_rang_off"})
    vera.page.goto("/audit/")
    vera.page.get_by_role("link", name="Noor Haddad").first.click()
    vera.expect_heading("Noor Haddad")
    vera.expect_text("with this name and the contact +39 06 123")
    vera.page.get_by_role("link", name="Follow").click()
    expect(vera.page.locator("#log-news")).to_be_visible()
    vera.check_page("audit-story")
    for refused in (False, True):
        vera.page.get_by_role("link", name="Save this search…").click()
        vera.fill(name="Noor")
        vera.press("Save")
        if not refused:
            vera.page.wait_for_url(re.compile(r"/audit/\?find=client"))
    vera.expect_text("You have a search of this name.")
    vera.check_variant("audit-searches")
    vera.page.get_by_role("link", name="Rename or delete Noor").click()
    vera.expect_heading("Saved search")
    vera.check_variant("audit-search")
    vera.page.goto("/audit/searches/others")
    vera.check_variant("audit-searches-others")
    vera.page.goto("/audit/")
    vera.page.get_by_role("link", name="Noor", exact=True).click()
    vera.page.get_by_role("link", name=f"Remove client:{pk}").click()
    vera.expect_heading("Audit")
    vera.expect_path("/audit/")


def test_phone_shows_entries_before_filters(vera: User) -> None:
    vera.page.set_viewport_size({"width": 390, "height": 844})
    vera.page.goto("/audit/")
    first, person = vera.page.locator("main tbody tr").first, vera.field("person")
    assert first.evaluate("(row) => row.getBoundingClientRect().top") < 500
    expect(person).to_be_hidden()
    more = vera.page.get_by_label("More filters")
    more.check()
    person.select_option(label="the system")
    vera.page.get_by_role("button", name="Show", exact=True).click()
    expect(vera.page).to_have_url(re.compile("person="))
    expect(person).to_be_visible()
    vera.refusals.add(422)
    vera.page.goto("/audit/?since=1999-13-01")
    expect(vera.field("since")).to_be_visible()  # a field with an error is always shown
    expect(person).to_be_hidden()
    vera.page.set_viewport_size({"width": 1440, "height": 900})
    expect(person).to_be_visible()
    expect(more).to_be_hidden()


def test_refused_search_is_in_the_address(vera: User) -> None:
    # It can be loaded again, and Back leads to the search before.
    vera.refusals.add(422)
    vera.page.goto("/audit/?find=action:place")
    vera.fill(find="day:soon")
    vera.press("Show")
    vera.page.wait_for_url(re.compile(r"/audit/\?find=day%3Asoon"))
    expect(vera.field("find")).to_have_attribute("aria-invalid", "true")
    vera.page.go_back()
    vera.page.wait_for_url("/audit/?find=action:place")
    expect(vera.field("find")).to_have_value("action:place")
