"""The board under somebody's hands: tabs, finding a client, and news that move nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office

ONE_POLL = 7000  # milliseconds
with_scripts = pytest.mark.parametrize("scripts", [True], indirect=True)


@pytest.fixture(scope="module")
def stock(office: Office) -> list[int]:
    """Numbers of holds that are filled in once, by whoever needs them first."""
    return []


@pytest.fixture
def desks(sit: Sit, office: Office, stock: list[int]) -> tuple[Desk, Desk]:
    """Ada with some holds of hers, at the board; and Grace."""
    ada, grace = sit("ada"), sit("grace")
    names = ("Marta Ferri", "Joseph Okafor", "Li Wen", "Noor Haddad")
    while len(stock) < len(names):
        stock.append(ada.place(office.free_time(), names[len(stock)], reservation_duration="60"))
    ada.page.goto("/")
    expect(ada.page.locator(f"#h{stock[0]}")).to_be_visible()
    return ada, grace


def tab(desk: Desk, name: str) -> None:
    desk.page.get_by_role("link", name=re.compile(f"^{name}")).click()
    current = desk.page.locator(".tabs [aria-current]")
    expect(current).to_contain_text(name)


def test_tabs_lead_to_their_holds(desks: tuple[Desk, Desk], stock: list[int]) -> None:
    ada, grace = desks
    grace.page.goto("/")
    tab(grace, "Mine")
    expect(grace.page.locator(f"#h{stock[0]}")).to_have_count(0)
    tab(ada, "Mine")
    expect(ada.page.locator(f"#h{stock[0]}")).to_be_visible()
    ada.look("board-mine")
    tab(ada, "Ending soon")
    expect(ada.page.locator("main")).to_contain_text("No hold ends within five minutes.")
    ada.look("board-soon")
    assert ada.path == "/?tab=soon"
    expect(ada.page).to_have_title(re.compile("Ending soon · Board · Holdfast$"))
    if ada.scripts:
        expect(ada.page.locator("#status")).to_have_text("Ending soon 0")
    ada.page.go_back()
    expect(ada.page.locator(".tabs [aria-current]")).to_contain_text("Mine")


@with_scripts
def test_a_tab_stays_what_it_is_through_its_polls(
    desks: tuple[Desk, Desk], stock: list[int]
) -> None:
    ada, _grace = desks
    tab(ada, "Ending soon")
    with ada.page.expect_response("**/board?tab=soon", timeout=ONE_POLL) as poll:
        pass
    assert poll.value.status == 304
    expect(ada.page.locator(f"#h{stock[0]}")).to_have_count(0)


def find(desk: Desk, text: str) -> None:
    field = desk.page.get_by_role("searchbox")
    field.fill(text)
    if not desk.scripts:
        desk.page.get_by_role("button", name="Find").click()


def test_finding_by_client_as_one_types(desks: tuple[Desk, Desk], stock: list[int]) -> None:
    ada, _grace = desks
    find(ada, "ferri")
    expect(ada.page.locator(f"#h{stock[0]}")).to_be_visible()
    expect(ada.page.locator(f"#h{stock[1]}")).not_to_be_visible()
    ada.look("board-found")
    find(ada, "nobody of this name")
    expect(ada.page.locator(f"#h{stock[0]}")).not_to_be_visible()
    expect(ada.page.locator("main")).to_contain_text("No hold here has this in its client")
    ada.look("board-found-nothing")
    assert "ferri" not in ada.page.url
    find(ada, "")
    expect(ada.page.locator(f"#h{stock[1]}")).to_be_visible()


@with_scripts
def test_what_is_looked_for_leaves_the_page_in_no_request(
    desks: tuple[Desk, Desk], stock: list[int], office: Office
) -> None:
    ada, grace = desks
    sent: list[str] = []
    ada.page.on("request", lambda asked: sent.append(f"{asked.url} {asked.post_data}"))
    find(ada, "haddad")
    ada.page.keyboard.press("Enter")
    came = grace.place(office.free_time(), "Emmy Noether")
    expect(ada.page.locator(f"#h{came}")).to_have_count(1, timeout=ONE_POLL)
    expect(ada.page.locator(f"#h{came}")).to_be_hidden()
    expect(ada.page.locator(f"#h{stock[3]}")).to_be_visible()
    expect(ada.page.get_by_role("searchbox")).to_be_focused()
    expect(ada.page.get_by_role("searchbox")).to_have_value("haddad")
    tab(ada, "Mine")
    expect(ada.page.locator(f"#h{stock[0]}")).to_be_hidden()
    assert [one for one in sent if "haddad" in one.lower()] == []


class Hands:
    """What a person has in hand: where the focus is, what is chosen, how far it is scrolled."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def hold(self, pk: int) -> tuple[object, ...]:
        return (
            self.page.evaluate("document.activeElement.closest('tr')?.id"),
            self.page.is_checked(f"#h{pk} input"),
            self.page.evaluate("scrollY"),
            self.page.evaluate(f"document.querySelector('#h{pk}').getBoundingClientRect().top"),
        )


@with_scripts
def test_news_leave_focus_choice_and_scroll_where_they_are(
    desks: tuple[Desk, Desk], stock: list[int], office: Office, sit: Sit
) -> None:
    """News of another row, and then of the very row that somebody is at."""
    ada, grace = desks
    vera = sit("vera")
    ada.page.set_viewport_size({"width": 1440, "height": 420})
    last = stock[-1]
    ada.page.check(f"#h{last} input")
    ada.page.locator(f"#h{last} input").scroll_into_view_if_needed()
    hands = Hands(ada.page)
    before = hands.hold(last)
    assert before[:2] == (f"h{last}", True)
    assert before[2] != 0
    came = grace.place(office.free_time(), "Emmy Noether", reservation_duration="90")
    expect(ada.page.locator(f"#h{came}")).to_have_count(1, timeout=ONE_POLL)
    assert hands.hold(last) == before
    old = ada.page.locator(f"#h{last}").get_attribute("data-face")
    vera.page.goto(f"/holds/{last}/")
    vera.press("Verify with cal.com")
    vera.press("+5 min")
    vera.told("is held until")
    expect(ada.page.locator(f"#h{last}")).not_to_have_attribute(
        "data-face", str(old), timeout=ONE_POLL
    )
    assert hands.hold(last)[:2] == before[:2]


# Presses a box at the very moment at which news have moved it: where the pointer was before, as
# far away from there as nobody comes by accident, and by a key.
PRESS_AT_ONCE = """(box, gone) => {
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
  window.pressed = new Promise((done) =>
    document.addEventListener("htmx:after:swap", () => {
      if (!document.getElementById(gone)) done([click(x), click(x + 100), key()]);
    }));
}"""


@with_scripts
def test_a_press_does_not_hit_the_row_that_just_moved_there(
    desks: tuple[Desk, Desk], stock: list[int], office: Office, sit: Sit
) -> None:
    ada, other = desks[0], sit("ada")
    first = other.place(office.free_time(), reservation_duration="30")
    expect(ada.page.locator(f"#h{first}")).to_be_visible(timeout=ONE_POLL)
    box = ada.page.locator(f"#h{stock[0]} input")
    box.hover()
    box.evaluate(PRESS_AT_ONCE, f"h{first}")
    other.press("Release this time")
    other.told("Released")
    assert ada.page.evaluate("window.pressed") == [False, True, True]


@with_scripts
def test_a_hidden_board_asks_nothing_and_is_fresh_when_it_is_seen_again(
    desks: tuple[Desk, Desk], office: Office
) -> None:
    ada, grace = desks
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    ada.page.evaluate(hide, True)
    asked: list[str] = []
    ada.page.on("request", lambda one: asked.append(one.url))
    came = grace.place(office.free_time(), "Emmy Noether")
    ada.page.wait_for_timeout(6000)
    assert asked == []
    ada.page.evaluate(hide, False)
    expect(ada.page.locator(f"#h{came}")).to_be_visible(timeout=4000)


@with_scripts
def test_a_board_that_hears_nothing_says_so_where_it_is_seen(desks: tuple[Desk, Desk]) -> None:
    ada, _grace = desks
    ada.page.set_viewport_size({"width": 1440, "height": 420})
    ada.page.context.set_offline(True)
    line = ada.page.locator("[data-freshness]")
    expect(line).to_contain_text("No news since", timeout=ONE_POLL)
    expect(line).to_be_in_viewport()
    ada.page.context.set_offline(False)
    expect(line).to_have_text("Updated just now", timeout=ONE_POLL)
    ada.said.clear()  # the browser itself tells of each request that failed
