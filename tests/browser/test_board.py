"""The board: tabs, finding a client, and updates that disturb nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.product import Product
from tests.browser.user import OpenBrowser, User, in_both_ways

CLIENTS = ("Marta Ferri", "Joseph Okafor", "Li Wen", "Noor Haddad")


@pytest.fixture
def holds(product: Product) -> list[int]:
    """Numbers of four holds of Ada's, the one that ends first at the top."""
    return [
        product.place("ada", product.free_time(), client, reservation_duration=str(60 + n))
        for n, client in enumerate(CLIENTS)
    ]


@pytest.fixture
def ada(open_browser: OpenBrowser, holds: list[int]) -> User:
    """Ada at the board with her holds."""
    user = open_browser("ada")
    user.page.goto("/")
    expect(user.page.locator(f"#h{holds[0]}")).to_be_visible()
    return user


def open_tab(user: User, name: str) -> None:
    user.page.get_by_role("link", name=re.compile(f"^{name}")).click()
    expect(user.page.locator(".tabs [aria-current]")).to_contain_text(name)


def test_tabs_show_their_holds(ada: User, holds: list[int], open_browser: OpenBrowser) -> None:
    grace = open_browser("grace")
    grace.page.goto("/")
    open_tab(grace, "Mine")
    expect(grace.page.locator(f"#h{holds[0]}")).to_have_count(0)
    open_tab(ada, "Mine")
    expect(ada.page.locator(f"#h{holds[0]}")).to_be_visible()
    ada.check_variant("board-mine")
    open_tab(ada, "Ending soon")
    expect(ada.page.locator("#status")).to_contain_text("Ending soon 0")
    ada.expect_text("No hold ends within five minutes.")
    ada.check_variant("board-soon")
    ada.expect_path("/?tab=soon")
    expect(ada.page).to_have_title(re.compile("Ending soon · Board · Holdfast$"))
    ada.page.go_back()
    expect(ada.page.locator(".tabs [aria-current]")).to_contain_text("Mine")


def test_a_tab_stays_open_through_its_polls(ada: User, holds: list[int]) -> None:
    ada.poll_often()
    ada.page.reload()
    open_tab(ada, "Ending soon")
    with ada.page.expect_response("**/board?tab=soon") as poll:
        pass
    assert poll.value.status == 304
    expect(ada.page.locator(f"#h{holds[0]}")).to_have_count(0)


def find(user: User, text: str) -> None:
    user.page.get_by_role("searchbox").fill(text)
    if not user.scripts:
        user.page.get_by_role("button", name="Find").click()


@in_both_ways
def test_finding_by_client(ada: User, holds: list[int]) -> None:
    find(ada, "ferri")
    expect(ada.page.locator(f"#h{holds[0]}")).to_be_visible()
    expect(ada.page.locator(f"#h{holds[1]}")).not_to_be_visible()
    ada.check_variant("board-found")
    find(ada, "no such client")
    expect(ada.page.locator(f"#h{holds[0]}")).not_to_be_visible()
    ada.expect_text("No current hold matches in client, contact or note.")
    ada.check_variant("board-found-nothing")
    assert "ferri" not in ada.page.url
    find(ada, "")
    expect(ada.page.locator(f"#h{holds[1]}")).to_be_visible()


def test_what_is_selected_stays_in_view_in_a_search(ada: User, holds: list[int]) -> None:
    ada.page.locator(f"#h{holds[0]} [type=checkbox]").check()
    find(ada, "okafor")
    expect(ada.page.locator(f"#h{holds[1]}")).to_be_visible()
    expect(ada.page.locator(f"#h{holds[0]}")).to_be_visible()
    expect(ada.page.locator(f"#h{holds[2]}")).not_to_be_visible()
    ada.page.locator(f"#h{holds[0]} [type=checkbox]").uncheck()
    find(ada, "okafo")
    expect(ada.page.locator(f"#h{holds[0]}")).not_to_be_visible()


def test_past_holds_are_found_below_the_board(ada: User, product: Product) -> None:
    slot = product.free_time()
    contact = f"+39 06 {slot:%Y%m%d}"
    past = product.place("ada", slot, "Emmy Noether", client_contact=contact)
    product.post("ada", f"/holds/{past}/release", {"reason": "mistake"})
    ada.page.goto("/?tab=soon")
    find(ada, f"06 {slot:%Y %m%d}")
    expect(ada.page.locator("#status")).to_contain_text("Also in the past: 1 hold")
    row = ada.page.locator(f"#p{past}")
    expect(row).to_contain_text("released")
    expect(ada.page.get_by_role("heading", name="Also in the past: 1 hold")).to_be_visible()
    expect(ada.page.get_by_role("searchbox")).to_be_focused()
    ada.check_page("board-past")
    row.get_by_role("link", name="Hold again").click()
    expect(ada.field("client_name")).to_have_value("Emmy Noether")

    live = product.place("ada", product.free_time(), "Emmy Noether", client_contact=contact)
    ada.page.goto("/")
    find(ada, f"06 {slot:%Y %m%d}")
    expect(row).to_be_visible()
    ada.page.locator(f"#h{live}").get_by_role("button", name="Booked").click()
    expect(ada.page.locator(f"#p{live}")).to_contain_text("booked")


def test_the_searched_text_leaves_the_page_in_no_address(
    ada: User, holds: list[int], product: Product
) -> None:
    sent: list[str] = []
    ada.page.on("request", lambda asked: sent.append(f"{asked.url} {asked.post_data}"))
    find(ada, "haddad")
    new = product.place("grace", product.free_time(), "Emmy Noether")
    ada.poll()
    expect(ada.page.locator(f"#h{new}")).to_have_count(1)
    expect(ada.page.locator(f"#h{new}")).to_be_hidden()
    expect(ada.page.locator(f"#h{holds[3]}")).to_be_visible()
    expect(ada.page.get_by_role("searchbox")).to_be_focused()
    expect(ada.page.get_by_role("searchbox")).to_have_value("haddad")
    open_tab(ada, "Mine")
    expect(ada.page.locator(f"#h{holds[0]}")).to_be_hidden()
    assert [one for one in sent if "haddad" in one.lower()] == []


def place_in_page(page: Page, pk: int) -> tuple[object, ...]:
    """Return the focused row, whether this row is selected, and where page and row are."""
    return (
        page.evaluate("document.activeElement.closest('tr')?.id"),
        page.is_checked(f"#h{pk} [type=checkbox]"),
        page.evaluate("scrollY"),
        page.evaluate(f"document.querySelector('#h{pk}').getBoundingClientRect().top"),
    )


def test_updates_keep_focus_selection_and_scroll_position(
    ada: User, holds: list[int], product: Product
) -> None:
    """First another row changes, then the very row that has the focus."""
    last = holds[-1]
    ada.page.set_viewport_size({"width": 1440, "height": 420})
    ada.page.check(f"#h{last} [type=checkbox]")
    ada.page.locator(f"#h{last} [type=checkbox]").scroll_into_view_if_needed()
    before = place_in_page(ada.page, last)
    assert before[:2] == (f"h{last}", True)
    assert before[2] != 0
    fields = {"reservation_duration": "90"}
    new = product.place("grace", product.free_time(), "Emmy Noether", **fields)
    ada.poll()
    expect(ada.page.locator(f"#h{new}")).to_have_count(1)
    assert place_in_page(ada.page, last) == before
    row = ada.page.locator(f"#h{last}")
    version = str(row.get_attribute("data-version"))
    product.post("vera", f"/holds/{last}/extend", {"add": "5"})
    ada.poll()
    expect(row).not_to_have_attribute("data-version", version)
    assert place_in_page(ada.page, last)[:2] == before[:2]


# Clicks a box at the moment at which an update has moved it: where the pointer was before, far
# from there, and by key. Says which of the three ticked it.
CLICK_AT_ONCE = """(box, gone) => {
  const { x, y } = box.getBoundingClientRect();
  const click = (clientX) => {
    const place = { clientX, clientY: y, detail: 1, bubbles: true, cancelable: true };
    box.checked = false;
    box.dispatchEvent(new MouseEvent("click", place));
    return box.checked;
  };
  const key = () => {
    box.checked = false;
    box.click();
    return box.checked;
  };
  window.clicked = new Promise((done) =>
    document.addEventListener("htmx:after:swap", () => {
      if (!document.getElementById(gone)) done([click(x), click(x + 100), key()]);
    }));
}"""


def test_a_click_does_not_hit_a_row_that_has_just_moved(
    ada: User, holds: list[int], product: Product
) -> None:
    first = product.place("ada", product.free_time(), "Ada King", reservation_duration="30")
    ada.poll()
    expect(ada.page.locator(f"#h{first}")).to_be_visible()
    box = ada.page.locator(f"#h{holds[0]} [type=checkbox]")
    box.hover()
    box.evaluate(CLICK_AT_ONCE, f"h{first}")
    product.post("ada", f"/holds/{first}/release", {})
    ada.poll()
    assert ada.page.evaluate("window.clicked") == [False, True, True]


SET_HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
# What htmx does every five seconds.
POLL_NOW = "htmx.trigger('#board', 'every', {}, false)"


@in_both_ways
def test_what_can_be_done_with_selected_holds_stays_in_view(ada: User, holds: list[int]) -> None:
    ada.page.set_viewport_size({"width": 1366, "height": 400})
    ada.page.evaluate("scrollTo(0, 0)")
    release = ada.page.get_by_role("button", name=re.compile("^Release selected"))
    expect(release).not_to_be_in_viewport()
    ada.page.locator(f"#h{holds[0]} [type=checkbox]").check()
    ada.page.evaluate("scrollTo(0, 0)")
    expect(release).to_be_in_viewport(ratio=1)
    ada.check_page("board-selected")


def test_selected_holds_are_counted_without_those_that_an_update_takes_away(
    ada: User, holds: list[int], product: Product
) -> None:
    release = ada.page.get_by_role("button", name=re.compile("^Release selected"))
    for pk in holds[:3]:
        ada.page.locator(f"#h{pk} [type=checkbox]").check()
    expect(release).to_have_attribute("data-selected", "3")
    product.post("ada", f"/holds/{holds[1]}/release", {})
    ada.poll()
    expect(ada.page.locator(f"#h{holds[1]}")).to_have_count(0)
    expect(release).to_have_attribute("data-selected", "2")
    assert release.evaluate("one => getComputedStyle(one, '::after').content") == '"(2)"'


def test_a_hidden_board_does_not_poll_and_is_current_when_shown(
    ada: User, product: Product
) -> None:
    ada.page.evaluate(SET_HIDDEN, True)
    new = product.place("grace", product.free_time(), "Emmy Noether")
    asked: list[str] = []
    ada.page.on("request", lambda one: asked.append(one.url))
    ada.page.evaluate(POLL_NOW)
    ada.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert asked == []
    ada.page.evaluate(SET_HIDDEN, False)
    expect(ada.page.locator(f"#h{new}")).to_be_visible()


def test_an_outdated_board_says_so_where_it_is_seen(ada: User) -> None:
    ada.poll_often()
    ada.page.reload()
    ada.page.set_viewport_size({"width": 1440, "height": 420})
    ada.page.context.set_offline(True)
    line = ada.page.locator("[data-freshness]")
    expect(line).to_contain_text("Not updated since")
    expect(line).to_be_in_viewport()
    ada.page.context.set_offline(False)
    expect(line).to_have_text("Updated just now")
    ada.complaints.clear()  # the browser reports each request that failed


def test_search_among_ended_holds_asks_the_server(
    ada: User, holds: list[int], product: Product
) -> None:
    wanted = str(product.place("ada", product.free_time(), "Ximena Łukasz"))
    product.post("ada", "/release", {"hold": [wanted, str(holds[3])], "sure": "yes"})
    sent: list[str] = []
    ada.page.on("request", lambda asked: sent.append(f"{asked.url} {asked.post_data}"))
    open_tab(ada, "Ended")
    last = ada.page.locator(f"#e{holds[3]}")
    expect(last).to_be_visible()
    field = ada.page.get_by_role("searchbox")
    field.press_sequentially("lukasz")
    expect(ada.page.locator("#status")).to_contain_text("Also in the past: 1 hold")
    found, others = (ada.page.locator(f"#p{pk}") for pk in (wanted, holds[3]))
    expect(found).to_be_visible()
    expect(others).to_have_count(0)
    expect(last).to_be_hidden()
    expect(field).to_be_focused()
    expect(field).to_have_value("lukasz")
    ada.poll()
    expect(found).to_be_visible()
    expect(last).to_be_hidden()
    field.fill("no such client")
    ada.expect_text("In the past no hold matches.")
    field.press("Escape")
    expect(last).to_be_visible()
    assert [one for one in sent if "lukasz" in one or "such" in one] == []
