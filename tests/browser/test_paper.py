"""Pages as they are printed."""

import re

from playwright.sync_api import expect

from tests.browser.product import Product
from tests.browser.user import User


def test_the_log_says_what_was_chosen_and_when_it_was_printed(vera: User, product: Product) -> None:
    """On paper there are neither filters nor a clock."""
    product.place("vera", product.free_time(), "Hedy Lamarr")
    vera.page.goto("/audit/?find=Hedy&action=place")
    head = vera.page.locator("#log > .print")
    expect(head).to_be_hidden()
    vera.page.emulate_media(media="print")
    told = " ".join(head.inner_text().split())
    assert re.fullmatch(
        r"Find: Hedy · Action: placed a hold · \w{3} \d+ \w{3} \d{4} [\d:]{8} \w+", told
    )
    name = vera.page.locator("#log td b.print").first
    expect(name).to_have_text("vera")
    expect(name).to_have_css("display", "inline")
    vera.picture("print-log")


def test_a_hold_shows_its_calendar_and_no_way_to_another_page(vera: User, product: Product) -> None:
    pk = product.place("vera", product.free_time(), "Hedy Lamarr")
    vera.page.goto(f"/holds/{pk}/")
    expect(vera.page.get_by_role("link", name="In the audit log")).to_be_visible()
    vera.page.emulate_media(media="print")
    for name in ("In the audit log", "Board"):
        expect(vera.page.locator("main a", has_text=name).first).to_be_hidden()


def test_paper_has_margins_where_the_printer_leaves_none(vera: User) -> None:
    vera.page.goto("/audit/")
    rules = """[...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
      .flatMap((rule) => [rule, ...(rule.cssRules ?? [])])
      .filter((rule) => rule.constructor.name == "CSSPageRule").map((rule) => rule.style.margin)"""
    assert vera.page.evaluate(rules) == ["15mm"]
