"""Keyboard shortcuts: shown, pressed, off while a person types, and switched off."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.product import Product
from tests.browser.user import OpenBrowser, User

HINT = "(element) => getComputedStyle(element, '::after').content"


def hints(user: User, within: str) -> list[str]:
    """Return the keys shown on the elements that they press."""
    keys = user.page.locator(f"{within} [data-key]:visible")
    shown = [each.evaluate(HINT) for each in keys.all()]
    return [re.findall(r'"(.)"', content)[0] for content in shown if content != "none"]


def test_keys_open_their_pages(ada: User) -> None:
    pages = {
        "n": ("/", "/holds/new", "Hold a time"),
        "b": ("/settings/", "/", "Board"),
        "f": ("/settings/", "/holds/new", "Hold a time"),
        "l": ("/", "/look-up", "Look up"),
    }
    for key, (start, path, heading) in pages.items():
        ada.page.goto(start)
        ada.page.keyboard.press(key)
        ada.expect_heading(heading)
        expect(ada.page).to_have_url(re.compile(rf"{path}(\?.*)?$"))
    expect(ada.page.get_by_label("Reservation uid")).to_be_focused()  # so letters are its own
    ada.page.goto("/settings/")
    ada.page.keyboard.press("B")  # as with Caps Lock
    ada.expect_heading("Board")


def test_each_key_is_shown_where_it_works(ada: User) -> None:
    ada.page.goto("/")
    assert hints(ada, "header") == ["b", "n", "l"]
    assert hints(ada, "footer") == ["?"]
    link = ada.page.get_by_role("link", name="Hold a time", exact=True).first
    expect(link).to_have_attribute("aria-keyshortcuts", "n")
    # Slash goes to the search field, which shows it until then.
    field, form = ada.page.locator("[data-key='/']"), ada.page.locator(".find")
    assert form.evaluate(HINT) == '"/" / ""'
    ada.page.keyboard.press("/")
    expect(field).to_be_focused()
    assert form.evaluate(HINT) == "none"
    expect(field).to_have_value("")


def test_the_dialog_lists_every_key_and_gives_the_focus_back(ada: User) -> None:
    ada.page.goto("/")
    button = ada.page.get_by_role("button", name="Keyboard shortcuts", exact=True)
    button.focus()
    ada.page.keyboard.press("?")
    dialog = ada.page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    assert dialog.locator("kbd").all_inner_texts()[:11] == [*"nfb/ljkemr", "Arrow keys"]
    ada.check_page("shortcuts")
    ada.page.keyboard.press("n")  # nothing behind a dialog is pressed
    expect(dialog).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_keys_of_fields_browsers_and_screen_readers_stay_theirs(ada: User) -> None:
    ada.page.goto("/look-up")
    ada.page.evaluate("document.addEventListener('keydown', (e) => (window.last = e))")
    for chord in ("Control+b", "Alt+b", "Meta+b", "Control+Alt+b"):
        ada.page.keyboard.press(chord)
        assert ada.page.evaluate("window.last.defaultPrevented") is False
        ada.expect_path("/look-up")
    field = ada.page.get_by_label("Reservation uid")
    field.blur()
    ada.page.keyboard.press("/")
    expect(field).to_be_focused()
    ada.page.keyboard.type("bnle?")
    expect(field).to_have_value("bnle?")
    ada.expect_path("/look-up")


def test_e_extends_the_own_hold_that_ends_first(ada: User, product: Product) -> None:
    product.place("grace", product.free_time(), "Emmy Noether", reservation_duration="5")
    later = ada.place(reservation_duration="40")
    first = ada.place(reservation_duration="7")
    ada.page.goto("/")
    assert hints(ada, "tr") == ["e"]
    before = product.ends()
    ends = {pk: until(ada.page.locator(f"#h{pk}")) for pk in (first, later)}
    ada.page.keyboard.press("e")
    expect(ada.page.locator("#messages")).to_contain_text("is held until")
    expect(ada.page.locator(f"#h{first} .until")).not_to_contain_text(ends[first])
    assert until(ada.page.locator(f"#h{later}")) == ends[later]
    assert product.minutes_gained(before) in ([0, 15, 0], [0, 16, 0])  # rounded up


def until(row: Locator) -> str:
    return row.locator(".until").inner_text()


# The distance between the middle of a button's text and the middle of the button.
OFF_CENTRE = """(button) => {
  const range = new Range();
  range.selectNodeContents(button);
  const [text, box] = [range, button].map((one) => one.getBoundingClientRect());
  return text.left + text.width / 2 - box.left - box.width / 2;
}"""


def test_e_extends_the_open_hold_until_the_bar_has_the_key(ada: User, product: Product) -> None:
    """Without its key, the button keeps its size."""
    pk = ada.place(reservation_duration="30")
    assert hints(ada, "main") == ["e"]
    ada.page.keyboard.press("e")
    ada.expect_text("is held until")
    assert ada.seconds_left() > 30 * 60
    button = ada.page.locator("#add-15")
    width = "(button) => button.getBoundingClientRect().width"
    before = button.evaluate(width)
    product.place("ada", product.free_time(), "Hedy Lamarr", reservation_duration="2")
    ada.page.goto(f"/holds/{pk}/")
    expect(ada.page.locator("#warnings li:visible")).to_have_count(1)
    assert hints(ada, "main") == []
    assert button.evaluate(width) == pytest.approx(before, abs=0.5)
    assert abs(button.evaluate(OFF_CENTRE)) < 1


def test_an_admin_does_not_extend_a_colleagues_hold_by_mistake(
    vera: User, product: Product
) -> None:
    pk = product.place("grace", product.free_time(), "Hedy Lamarr", reservation_duration="4")
    vera.page.goto(f"/holds/{pk}/")
    assert hints(vera, "main") == []
    product.calcom.forget_calls()
    vera.page.keyboard.press("e")
    vera.page.keyboard.press("l")  # the next key leads away, so the first one has been handled
    vera.expect_heading("Look up")
    assert product.calcom.calls("PATCH") == []


def test_switched_off_they_are_neither_shown_nor_pressed(
    open_browser: OpenBrowser, product: Product
) -> None:
    grace = open_browser("grace")
    product.post("grace", "/settings/", {"density": "roomy"})
    grace.page.goto("/settings/")
    expect(grace.page.get_by_label("Keyboard shortcuts")).not_to_be_checked()
    assert hints(grace, "body") == []
    shortcuts = grace.page.get_by_role("button", name="Keyboard shortcuts", exact=True)
    expect(shortcuts).to_have_count(0)
    expect(grace.page.locator("script[src*=shortcuts]")).to_have_count(0)
    grace.page.keyboard.press("b")
    grace.page.keyboard.press("?")
    expect(grace.page.locator("dialog")).to_have_count(0)
    grace.expect_path("/settings/")


class TestRowKeys:
    @pytest.fixture
    def rows(self, product: Product) -> list[int]:
        """Numbers of two holds of Ada's and then one of Grace's, as the board lists them."""
        place, at = product.place, product.free_time
        own = [place("ada", at(), f"Hopper {n}", reservation_duration=f"4{n}") for n in (1, 2)]
        return [*own, place("grace", at(), "Emmy Noether", reservation_duration="50")]

    def test_keys_are_for_the_row_with_the_focus(
        self, ada: User, rows: list[int], product: Product
    ) -> None:
        """``j`` and ``k`` walk from row to row; no key acts on a row that it is not for."""
        product.calcom.faults.add("drop", when="before", method="POST")
        asked = product.place("ada", product.free_time(), "Lise Meitner")
        ada.page.goto("/")
        ids = [f"#a{asked}", *(f"#h{pk}" for pk in rows)]  # the first needs attention
        for key, row in zip("jkjjjjkj", (1, 0, 1, 2, 3, 3, 2, 3), strict=True):
            ada.page.keyboard.press(key)
            expect(ada.page.locator(f"{ids[row]} a").first).to_be_focused()
        product.calcom.forget_calls()
        for key in "emr":
            ada.page.keyboard.press(key)
        expect(ada.page.locator("#release-sheet")).to_be_hidden()
        ada.page.keyboard.press("l")
        ada.expect_heading("Look up")
        assert product.calcom.calls() == []
        ada.page.goto("/")
        ada.page.locator(f"#h{rows[1]} th a").focus()
        ada.page.keyboard.press("m")
        ada.expect_heading("Move a hold")
        ada.expect_path(f"/holds/{rows[1]}/move")

    def test_r_releases_with_one_more_key_and_the_next_row_gets_the_focus(
        self, ada: User, rows: list[int], product: Product
    ) -> None:
        ada.page.goto("/")
        ada.page.locator(f"#h{rows[0]} th a").focus()
        ada.page.keyboard.press("r")
        sheet = ada.page.get_by_role("dialog", name="Release")
        expect(sheet).to_contain_text("Hopper 1")
        ada.check_page("release-sheet")
        sheet.get_by_role("button", name="Client hung up").press("Enter")
        expect(ada.page.locator(f"#h{rows[0]}")).to_have_count(0)
        expect(sheet).to_be_hidden()
        expect(ada.page.locator(f"#h{rows[1]} th a")).to_be_focused()
        assert len(product.starts()) == 2
        ada.page.goto(f"/holds/{rows[0]}/")
        ada.expect_text("client hung up")

    def test_enter_in_the_search_opens_the_only_hit(self, ada: User, rows: list[int]) -> None:
        ada.page.goto("/")
        ada.page.keyboard.press("/")
        ada.page.keyboard.type("hopper")
        expect(ada.page.locator(f"#h{rows[2]}")).to_be_hidden()
        ada.page.keyboard.press("Enter")
        ada.expect_path("/")
        ada.page.keyboard.type(" 2")
        expect(ada.page.locator(f"#h{rows[0]}")).to_be_hidden()
        ada.page.keyboard.press("Enter")
        ada.page.wait_for_url(f"**/holds/{rows[1]}/")

    @pytest.mark.parametrize("is_loaded", [True, False])
    def test_r_without_a_network_keeps_the_board(
        self, ada: User, rows: list[int], is_loaded: bool
    ) -> None:
        """Also where the script of the sheet was not loaded before."""
        ada.page.goto("/")
        row = ada.page.locator(f"#h{rows[0]} th a")
        sheet = ada.page.get_by_role("dialog", name="Release")
        row.focus()
        if is_loaded:
            ada.page.keyboard.press("r")
            sheet.press("Escape")
            expect(row).to_be_focused()
        ada.page.context.set_offline(True)
        ada.page.keyboard.press("r")
        expect(ada.page.locator("#banner")).to_contain_text("Holdfast did not answer.")
        expect(row).to_be_focused()
        ada.page.context.set_offline(False)
        ada.page.keyboard.press("r")
        expect(sheet).to_contain_text("Hopper 1")
        ada.complaints.clear()  # the browser reports the requests that failed
