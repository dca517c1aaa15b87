"""What the scripts of the pages do, in a real browser, on made-up data.

Nothing here asks cal.com or a database; the journey through the product is tested elsewhere.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.browser import made_up, preview, scenes
from tests.parts import program, require

ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
HOUR = 3600 * 1000
THIRD = made_up.ROWS[2]
SHIFTS = """
window.shifts = [];
const told = (one) => `${one.value} ${one.sources.map((part) => part.node?.outerHTML)}`;
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(told)))
  .observe({ type: "layout-shift" });
"""
# Stands in for what a machine without loudspeaker and desktop does not have.
EARS = """
window.rung = [];
window.AudioContext = class {
  currentTime = 0;
  createOscillator() {
    const tone = { frequency: {}, connect: (next) => next, start: () => window.rung.push("tone") };
    return Object.assign(tone, { stop: () => {} });
  }
  createGain() {
    const gain = { setValueAtTime: () => {}, exponentialRampToValueAtTime: () => {} };
    return { gain, connect: () => {} };
  }
};
window.Notification = class {
  static permission = "granted";
  static requestPermission() { window.rung.push("leave"); }
  constructor(_title, { body }) { window.rung.push(body); }
};
"""
REFRESH = "htmx.trigger('#board', 'refresh', {}, false)"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with preview.serving() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require("Chromium", program("chromium") or program("chromium-browser"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def said() -> list[str]:
    """Errors that the pages made."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, said: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    yield page
    context.close()


def seconds(page: Page, row: int) -> int:
    """What the countdown of a row shows."""
    minutes, rest = page.inner_text(f"#h{row} td.left").split(":")
    return int(minutes) * 60 + int(rest)


@pytest.mark.parametrize("name", [name for name in scenes.SCENES if name not in scenes.LARGE])
def test_no_page_is_too_wide_or_breaks_the_content_policy(
    page: Page, said: list[str], name: str
) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    page.goto(f"/{name}")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert said == []


def test_a_countdown_is_right_on_a_computer_whose_clock_is_an_hour_off(page: Page) -> None:
    page.add_init_script(f"const now = Date.now; Date.now = () => now() + {HOUR}")
    began = time.monotonic()
    page.goto("/")
    assert 0 <= THIRD.left - seconds(page, THIRD.pk) <= time.monotonic() - began + 2


def test_a_clock_that_is_set_while_the_page_is_open_is_put_right_by_the_server(page: Page) -> None:
    began = time.monotonic()
    page.goto("/")
    with page.expect_response("**/look-up"):
        page.evaluate(f"const now = Date.now; Date.now = () => now() + {HOUR}")
    expect(page.locator(f"#h{THIRD.pk} td.left")).to_have_text(re.compile("^1[12]:"))
    assert 0 <= THIRD.left - seconds(page, THIRD.pk) <= time.monotonic() - began + 2


def test_the_last_two_minutes_are_told_by_more_than_the_figures(page: Page) -> None:
    page.goto("/")
    shown = [page.get_attribute(f"#h{row.pk} td.left", "class") for row in made_up.ROWS[:3]]
    assert shown == ["left script last", "left script soon", "left script"]


def test_a_poll_without_news_sends_the_tag_and_moves_nothing(page: Page) -> None:
    page.goto("/")
    with page.expect_response("**/rows\\?*") as first:
        page.evaluate(REFRESH)
    page.check("#h3 input")
    with page.expect_response("**/rows\\?*") as second:
        page.evaluate(REFRESH)
    asked = second.value.request.headers
    assert (first.value.status, second.value.status) == (200, 304)
    assert asked["if-none-match"] == first.value.headers["etag"]
    assert page.is_checked("#h3 input")
    expect(page.locator("#h3 input")).to_be_focused()


def test_news_keep_the_chosen_rows_and_the_focus(page: Page) -> None:
    page.goto("/")
    page.check("#h3 input")
    with page.expect_response("**/rows\\?*") as news:
        page.evaluate(REFRESH)
    assert news.value.status == 200
    page.wait_for_timeout(100)
    assert page.is_checked("#h3 input")
    expect(page.locator("#h3 input")).to_be_focused()


def test_paused_updates_ask_for_nothing_until_they_are_resumed(page: Page) -> None:
    every = "htmx.trigger('#board', 'every', {}, false)"
    page.goto("/")
    with page.expect_response("**/rows\\?*"):
        page.evaluate(every)
    page.get_by_role("button", name="Pause updates").click()
    expect(page.locator("[data-freshness]")).to_contain_text("Updates paused at")
    polls: list[str] = []
    page.on("request", lambda asked: polls.append(asked.url) if "/rows" in asked.url else None)
    page.evaluate(every)
    page.wait_for_timeout(300)
    assert polls == []
    with page.expect_response("**/rows\\?*"):
        page.get_by_role("button", name="Resume updates").click()


def test_the_board_says_when_news_stop_and_when_they_are_back(page: Page) -> None:
    page.goto("/")
    page.route("**/rows\\?*", lambda route: route.abort())
    page.evaluate(REFRESH)
    expect(page.locator("[data-freshness]")).to_contain_text("No news since")
    expect(page.locator("#status")).to_contain_text("No news since")
    expect(page.locator("#banner")).to_be_empty()
    page.unroute("**/rows\\?*")
    page.evaluate(REFRESH)
    expect(page.locator("[data-freshness]")).to_have_text("Updated just now")


def test_a_double_click_on_a_row_sends_once_and_the_board_stays(page: Page) -> None:
    page.goto("/")
    posted: list[str] = []
    page.on("request", lambda r: posted.append(r.url) if r.method == "POST" else None)
    with page.expect_response("**/rows\\?*"):
        page.dblclick("#h1 button")
    expect(page.locator("#status")).to_have_text("Held until 14:20:00.")
    expect(page.locator("#messages")).to_have_text("Held until 14:20:00.")
    expect(page.locator("#h1 button")).to_be_focused()
    assert len(posted) == 1
    assert posted[0].endswith("/holds/1/extend?version=3")
    assert (page.title(), page.url.rpartition("/")[2]) == ("Board · Holdfast", "")


def test_a_refused_row_tells_its_problem_above_the_board(page: Page) -> None:
    page.goto("/")
    page.click("#h2 button")
    expect(page.locator("#banner")).to_contain_text("This time is already reserved")
    expect(page.locator("h1")).to_contain_text("Board")
    page.click("#banner [data-close]")
    expect(page.locator("#banner")).to_be_empty()


def test_an_answer_that_never_came_is_told_and_what_was_typed_stays(page: Page) -> None:
    def break_off(route: Route) -> None:
        if route.request.method == "POST":
            route.abort()
        else:
            route.continue_()

    page.goto("/place")
    page.route("**/place", break_off)
    page.select_option("#id_event_type_id", "1")
    page.fill("#id_slot_start", "tomorrow at ten")
    page.get_by_role("button", name="Hold this time").click()
    expect(page.locator("#banner")).to_contain_text("The answer did not arrive")
    assert page.input_value("#id_slot_start") == "tomorrow at ten"


def test_a_page_of_the_proxy_is_never_put_into_ours(page: Page) -> None:
    bad_gateway = "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
    page.goto("/hold")
    page.route("**/extend", lambda route: route.fulfill(status=502, body=bad_gateway))
    page.get_by_role("button", name="+15 min").click()
    expect(page.locator("#banner")).to_contain_text("the answer could not be shown")
    expect(page.locator("#hold")).to_have_count(1)
    assert page.url.endswith("/hold")


def test_after_a_refusal_the_focus_is_on_it_and_the_address_stays(page: Page) -> None:
    page.goto("/hold-refusable")
    page.get_by_role("button", name="+15 min").click()
    expect(page.locator("#hold [data-first]")).to_be_focused()
    assert page.url.endswith("/hold-refusable")


def test_escape_closes_the_menu_and_gives_the_focus_back(page: Page) -> None:
    page.goto("/")
    page.click("details.menu summary")
    page.keyboard.press("Escape")
    expect(page.locator("details.menu")).not_to_have_attribute("open", "")
    expect(page.locator("details.menu summary")).to_be_focused()


def test_without_scripts_nothing_is_promised_that_does_not_run(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    for promise in ("td.left", "[data-pause]", "[data-freshness]", "[data-clock]"):
        expect(page.locator(promise).first).to_be_hidden()
    expect(page.locator("#h1 button")).to_be_visible()
    context.close()


class TestTheMomentOfAWarning:
    """A hold comes to its last two minutes while somebody looks at the page."""

    @pytest.fixture(autouse=True)
    def without_news(self, page: Page) -> None:
        """The board's polls bring nothing: what they bring of the preview has another bar."""
        page.route("**/rows\\?*", lambda route: route.fulfill(status=304))

    def wait(self, page: Page) -> None:
        expect(page.locator("#w2")).to_be_hidden()
        expect(page.locator("#w2")).to_have_class("soon", timeout=20_000)

    def test_it_moves_nothing(self, page: Page) -> None:
        page.goto("/board-to-be-warned")
        page.evaluate(SHIFTS)
        self.wait(page)
        page.wait_for_timeout(300)
        assert page.evaluate("window.shifts") == []

    def test_without_being_asked_for_it_makes_no_sound_and_no_notice(self, page: Page) -> None:
        page.add_init_script(EARS)
        page.goto("/board-to-be-warned")
        self.wait(page)
        assert page.evaluate("window.rung") == []
        expect(page.locator("#status")).to_contain_text("Your hold of Tue 24 Nov 16:00–17:00 ends")

    def test_it_rings_and_notifies_once_whoever_wants_it_and_names_no_client(
        self, page: Page
    ) -> None:
        page.add_init_script(EARS)
        page.goto("/board-to-be-warned")
        page.evaluate("Object.assign(document.documentElement.dataset, {sound: '', notice: ''})")
        self.wait(page)
        page.wait_for_timeout(1200)
        ring, notice = page.evaluate("window.rung")
        assert ring == "tone"
        assert notice.startswith("Your hold of Tue 24 Nov 16:00–17:00 ends in 1")
        assert "Okafor" not in notice


def test_leave_for_notices_is_asked_for_when_the_box_is_ticked(page: Page) -> None:
    page.add_init_script(EARS)
    page.goto("/")
    page.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('input'),"
        " { type: 'checkbox', name: 'desktop_notice', id: 'notice' }))"
    )
    page.check("#notice")
    page.uncheck("#notice")
    assert page.evaluate("window.rung") == ["leave"]


def test_a_poll_leaves_what_somebody_opened_open(page: Page) -> None:
    """Even in a row that changes."""
    page.goto("/")
    page.evaluate(
        "document.querySelector('#h1').dataset.face = 'old';"
        "document.querySelector('#h1 .client').innerHTML ="
        " '<details open><summary>More</summary></details>'"
    )
    answer = page.request.get("/rows?tab=everyone").text()
    opened = r"\1<details><summary>More</summary></details>"
    answer = re.sub(r'(id="h1".*?<td class="client">)', opened, answer)
    page.route("**/rows\\?*", lambda route: route.fulfill(body=answer, content_type="text/html"))
    page.evaluate(REFRESH)
    expect(page.locator("#h1 .client")).to_contain_text("Marta Ferri")
    expect(page.locator("#h1 details")).to_have_attribute("open", "")


def test_the_answer_of_a_tab_that_was_left_is_dropped(page: Page) -> None:
    page.goto("/")
    late: list[Route] = []

    def keep_waiting(route: Route) -> None:
        late.append(route)

    page.route("**/rows\\?*", keep_waiting)
    with page.expect_request("**/rows\\?*"):
        page.evaluate(REFRESH)
    while not late:  # the route hears of it a moment later
        page.wait_for_timeout(10)
    page.evaluate("document.querySelector('#board').setAttribute('hx-get', '/rows?tab=mine')")
    page.evaluate("document.querySelector('#h1').remove()")
    late[0].continue_()
    page.wait_for_timeout(400)
    expect(page.locator("#h1")).to_have_count(0)


def test_a_session_that_ended_throws_nobody_out_of_a_form(page: Page) -> None:
    page.goto("/place-warned")
    page.route(
        "**/warnings", lambda route: route.fulfill(headers={"HX-Redirect": "/sign-in"}, body="")
    )
    with page.expect_response("**/warnings"):
        page.evaluate("htmx.trigger('#warnings', 'refresh', {}, false)")
    page.wait_for_timeout(300)
    assert page.url.endswith("/place-warned")
