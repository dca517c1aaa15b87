"""Pages for people who listen, enlarge, print, or see fewer colours, and the pages about people."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.product import WEEK, Product
from tests.browser.user import PHONE, OpenBrowser, User

# Controls below the size of WCAG 2.2, 2.5.8. Links within a sentence may be.
SMALL = """() => [...document.querySelectorAll("a[href], button, summary, input, select, textarea")]
  .map((part) => part.matches("[type=checkbox], [type=radio]") ? part.closest("label") : part)
  .filter((part) => part?.checkVisibility())
  .filter((part) => !part.closest("p:not(.back), td:has(> b), small, dd, .hide, [type=hidden]"))
  .filter((part) => {
    const { width, height } = part.getBoundingClientRect();
    return Math.min(width, height) < 24;
  })
  .map((part) => part.outerHTML.slice(0, 160))"""


def test_the_pages_about_people(vera: User) -> None:
    people = "/admin/dashboard/user/"
    vera.page.goto(people)
    search = vera.page.locator("#changelist-search [type=submit]")
    expect(search).to_have_css("box-shadow", "none")  # flat, like other buttons
    heights = "(links) => links.map((link) => link.getBoundingClientRect().height)"
    assert min(vera.page.locator("#changelist-filter li a").evaluate_all(heights)) >= 24
    for name, path in {"list": "", "change": "1/change/"}.items():
        vera.page.goto(people + path)
        vera.check_page(f"people-{name}")
    vera.page.locator("[name=new_password]").fill("short")
    vera.page.get_by_role("button", name="Save", exact=True).click()
    expect(vera.page.locator(".errorlist").first).to_be_visible()
    vera.check_page("people-refused")
    for name, path in {"add": "add/", "none": "?q=no-such-name", "own": "3/change/"}.items():
        vera.page.goto(people + path)
        vera.check_variant(f"people-{name}")


def test_the_page_of_retention(vera: User) -> None:
    vera.refusals.add(422)
    vera.page.goto("/audit/retention?before=2025-01-01")
    vera.check_page("retention-nothing")
    vera.page.goto("/audit/retention?before=2199-01-01")
    vera.check_variant("retention-refused")


def test_controls_for_a_mouse_are_not_too_small(vera: User, product: Product) -> None:
    gone, pk = (product.place("vera", product.free_time(), "Hedy Lamarr") for _ in range(2))
    product.post("vera", f"/holds/{gone}/release", {})
    found = {}
    paths = ["/", "/?tab=ended", f"/holds/{pk}/", "/holds/new", f"/holds/{pk}/move", "/settings/"]
    for path in [*paths, "/audit/pictures", "/audit/1/"]:
        vera.page.goto(path)
        if small := vera.page.evaluate(SMALL):
            found[path] = small
    assert found == {}


def test_the_main_button_is_told_apart_by_forced_colours(open_browser: OpenBrowser) -> None:
    """These take away the colour by which it differs."""
    ada = open_browser("ada", forced_colors="active")
    ada.place()
    colour = "(button) => getComputedStyle(button).backgroundColor"
    add = [ada.page.locator(f"#extend button[value='{n}']").evaluate(colour) for n in (15, 5)]
    assert len(set(add)) == 2


class TestScreenReader:
    def test_each_button_of_a_row_names_its_hold(self, ada: User) -> None:
        pk = ada.place(None, "Noor Haddad")
        ada.page.goto("/")
        row = ada.page.locator(f"#h{pk}")
        slot = row.locator("th a").inner_text()
        expect(row.get_by_role("checkbox")).to_have_accessible_name(f"Select {slot} Noor Haddad")
        names = ("+15 min", "Booked", "Move", "Release")
        for action, name in zip(row.locator(".acts :is(button, a)").all(), names, strict=True):
            expect(action).to_have_accessible_name(f"{name} {slot} Noor Haddad")

    def test_cards_on_a_phone_are_still_a_table_with_headings(
        self, open_browser: OpenBrowser
    ) -> None:
        ada = open_browser("ada", viewport=PHONE)
        ada.place()
        ada.page.goto("/")
        heads = ada.page.get_by_role("table").get_by_role("columnheader")
        seen = ["Select", "Ends in", "Held until", "Slot", "Client", "Held by"]
        expect(heads).to_have_text([*seen, "Actions or state"])
        box = heads.nth(1).locator("xpath=ancestor::thead").bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (1, 1)

    def test_a_bar_without_warnings_is_no_landmark(self, ada: User, product: Product) -> None:
        product.place("ada", product.free_time(), "Hedy Lamarr", reservation_duration="9")
        ada.page.goto("/look-up")
        expect(ada.page.locator("#warnings li")).not_to_have_count(0)
        expect(ada.page.get_by_role("region", name="Your holds that end soon")).to_have_count(0)

    def test_the_skip_link_comes_first_and_leads_to_the_content(self, ada: User) -> None:
        ada.page.goto("/")
        ada.page.keyboard.press("Tab")
        skip = ada.page.get_by_role("link", name="Skip to the content")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        ada.page.keyboard.press("Enter")
        expect(ada.page.locator("#main")).to_be_focused()


class TestScreen:
    def test_a_right_to_left_name_is_isolated(self, ada: User, product: Product) -> None:
        """Begin the name with the character by which some programs mark its direction."""
        pk = product.place("ada", product.free_time(), "\u202e\u05d3\u05d5\u05d3")
        ada.page.goto(f"/release?hold={pk}")
        line = ada.page.locator(".choices li", has=ada.page.locator(f"#hold_{pk}"))
        rights = [
            line.locator(part).bounding_box() for part in ("label b", "bdi:not(.print)", "time")
        ]
        edges = [box["x"] + box["width"] for box in rights if box]
        assert len(edges) == 3
        assert edges == sorted(edges)

    def test_forced_colours_keep_what_matters_visible(self, ada: User, product: Product) -> None:
        pk = product.place("ada", product.free_time(), "Hedy Lamarr")
        ada.page.emulate_media(forced_colors="active")
        ada.page.goto("/")
        current = ada.page.locator(".bar nav [aria-current]")
        assert current.evaluate("(e) => getComputedStyle(e).borderBottomWidth") != "0px"
        button = ada.page.locator(f"#h{pk} button").first
        assert button.evaluate("(e) => getComputedStyle(e).borderTopWidth") != "0px"
        ada.page.goto(f"/holds/{pk}/")
        icon = ada.page.locator("main .tag .icon").first
        assert icon.evaluate("(e) => getComputedStyle(e).stroke") == icon.evaluate(
            "(e) => getComputedStyle(e.closest('.tag')).color"
        )
        ada.picture("forced-colors")
        ada.page.goto(WEEK)
        shown = ada.page.get_by_role("link", name="Week", exact=True)
        assert shown.evaluate("(e) => getComputedStyle(e).borderBottomWidth") == "3px"
        ada.picture("forced-colors-week")

    def test_nothing_moves_under_reduced_motion(self, ada: User) -> None:
        ada.page.emulate_media(reduced_motion="reduce")
        ada.page.goto("/")
        moving = """() => [...document.querySelectorAll("*")].filter((element) => {
          const style = getComputedStyle(element);
          return [style.transitionDuration, style.animationDuration].some(
            (times) => times.split(", ").some((time) => parseFloat(time) > 0));
        }).map((element) => element.outerHTML)"""
        assert ada.page.evaluate(moving) == []

    def test_on_paper_the_board_is_a_list(self, ada: User, product: Product) -> None:
        """There a long note is whole, of which the screen shows three lines."""
        note = "She rang twice. " * 40
        pk = product.place("ada", product.free_time(), "Hedy Lamarr", note=note)
        ada.page.goto("/")
        row = ada.page.locator(f"#h{pk}")
        small = row.locator(".client small")
        lines = "(e) => Math.round(e.clientHeight / parseFloat(getComputedStyle(e).lineHeight))"
        assert small.evaluate(lines) == 3
        ada.page.emulate_media(media="print")
        assert small.evaluate(lines) > 3
        for part in ("th", ".until", ".client", ".by", ".acts"):
            expect(row.locator(part)).to_be_visible()
        for part in ("header.bar", "footer", "#warnings", f"#h{pk} button", f"#h{pk} .left"):
            expect(ada.page.locator(part).first).to_be_hidden()
        expect(row.locator(".by .print")).to_have_text("ada")
        expect(row.locator(".by .on-screen")).to_be_hidden()
        ada.page.set_viewport_size({"width": 700, "height": 900})
        assert ada.page.evaluate("document.documentElement.scrollWidth") <= 700
        ada.picture("print")
        ada.page.goto(f"/holds/{pk}/")
        expect(ada.page.locator("#hold .runs")).to_contain_text("held until")
        expect(ada.page.locator("#hold .left")).to_be_hidden()
        expect(ada.page.locator("#hold .facts")).to_contain_text("ada")


@pytest.mark.parametrize("scripts", [False], indirect=True)
def test_without_scripts_nothing_shows_that_needs_them(ada: User) -> None:
    pk = ada.place()
    expect(ada.page.get_by_role("button", name="Copy the sentence")).to_be_hidden()
    ada.page.goto("/")
    for part in ("td.left", "[data-pause]", "[data-freshness]", "[data-clock]"):
        expect(ada.page.locator(part).first).to_be_hidden()
    expect(ada.page.locator(f"#h{pk} [name=add]")).to_be_visible()
