"""Texts and buttons that are not to break into more lines than they need."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.user import PHONE, OpenBrowser

LINES = """(selector) => new Set([...document.querySelectorAll(selector)]
  .map((part) => Math.round(part.getBoundingClientRect().bottom))).size"""
LINES_OF_TEXT = """(selector) => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector(selector));
  return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
}"""
BROKEN = """() => [...document.querySelectorAll("#live th a:first-child")]
  .filter((link) => link.querySelector("b").offsetTop > link.offsetTop + 5)
  .map((link) => link.textContent)"""


def test_slots_of_next_year_and_buttons_that_extend_stay_on_one_line(
    open_browser: OpenBrowser, product: Product
) -> None:
    pks = [product.place("ada", product.free_time(), "Hedy Lamarr") for _ in range(5)]
    user = open_browser("ada")
    user.page.goto("/?tab=mine")
    assert user.page.evaluate(BROKEN) == []
    lines = {}
    for width in (1440, PHONE["width"]):
        user.page.set_viewport_size({"width": width, "height": 900})
        user.page.goto(f"/holds/{pks[0]}/")
        lines[width] = user.page.evaluate(LINES, "#extend button[name=add]")
    assert lines == {1440: 1, PHONE["width"]: 2}


def test_buttons_of_the_order_of_calendars_stay_on_one_line(
    open_browser: OpenBrowser, product: Product
) -> None:
    product.post("vera", "/calendars/", {"typed": "owner", "colour": "teal"})
    vera = open_browser("vera", viewport=PHONE)
    vera.page.goto("/calendars/")
    row = str(vera.page.locator(".table tbody tr").get_attribute("id"))
    lines = vera.page.evaluate(LINES, f"#{row} .button")
    for name in ("Up", "Down"):
        expect(vera.page.get_by_role("button", name=name)).to_have_css("white-space", "nowrap")
    product.post("vera", f"/calendars/{row.removeprefix('calendar-')}/remove", {})
    assert lines == 1


def test_an_end_on_another_day_breaks_before_its_time(
    open_browser: OpenBrowser, product: Product
) -> None:
    """Look at the text of the evening, which has a day and is wider than its column."""
    product.place("vera", product.free_time(), "Hedy Lamarr")
    product.post("vera", "/calendars/", {"typed": "owner", "colour": "teal"})
    vera = open_browser("vera")
    vera.page.goto("/calendars/")
    row = str(vera.page.locator(".table tbody tr").get_attribute("id"))
    vera.page.goto("/")
    broken = {}
    end = vera.page.locator("td.until time")
    for day in ("Wed 30 Dec", "Mi, 30. Dez"):
        end.evaluate("(time, text) => { time.textContent = text; }", day)
        for width in (1280, 1440):
            vera.page.set_viewport_size({"width": width, "height": 900})
            broken[day, width] = vera.page.evaluate(LINES_OF_TEXT, "td.until time") > 1
    product.post("vera", f"/calendars/{row.removeprefix('calendar-')}/remove", {})
    assert not any(broken.values()), broken
