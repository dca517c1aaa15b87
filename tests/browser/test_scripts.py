"""Scripts of the pages: clocks, polls, and answers that fail."""

from __future__ import annotations

import re
from datetime import datetime

from playwright.sync_api import Page, Route, expect

from tests.browser.product import ZONE, Product
from tests.browser.user import User
from tests.waiting import wait_for

HOUR = 3600 * 1000  # milliseconds
NO_ENTRIES = "performance.getEntriesByType = () => []"  # as Firefox against fingerprints
NO_ZONE = """
const Real = Intl.DateTimeFormat;
Intl.DateTimeFormat = function (language, options) {
  if (options?.timeZone === "Europe/Rome") throw new RangeError("unknown time zone");
  return new Real(language, options);
};
"""
CHANGE_CLOCK = f"const now = Date.now; Date.now = () => now() + {HOUR}"
# htmx asks for news: by its timer, and at once.
POLL_NOW = "htmx.trigger('#board', 'every', {}, false)"
REFRESH = "htmx.trigger('#board', 'refresh', {}, false)"
# Resolves when the page has handled what it had to.
AT_REST = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"


def place(product: Product, minutes: int = 15, client: str = "Hedy Lamarr") -> int:
    fields = {"reservation_duration": str(minutes)}
    return product.place("ada", product.free_time(), client, **fields)


def expect_calcoms_time(user: User, pk: int, product: Product) -> None:
    """Wait until the countdown of the only hold is right by cal.com's own clock."""
    [row] = product.calcom.live_rows()

    def is_right() -> bool:
        left = (row.release_at - product.calcom.clock.now()).total_seconds()
        return abs(user.seconds_left(f"#h{pk}") - left) < 2

    wait_for(is_right)


class TestCountdown:
    def test_is_right_on_a_computer_with_a_wrong_clock(self, ada: User, product: Product) -> None:
        pk = place(product)
        ada.page.add_init_script(CHANGE_CLOCK)
        ada.page.goto("/")
        expect_calcoms_time(ada, pk, product)

    def test_follows_the_server_when_the_clock_is_set(self, ada: User, product: Product) -> None:
        pk = place(product)
        ada.page.goto("/")
        with ada.page.expect_response("**/board?*"):
            ada.page.evaluate(CHANGE_CLOCK)
        expect(ada.page.locator(f"#h{pk} td.left")).to_have_text(re.compile("^1[45]:"))
        expect_calcoms_time(ada, pk, product)

    def test_is_corrected_on_a_page_that_the_server_made_with_a_wrong_clock(
        self, ada: User, product: Product
    ) -> None:
        pk = place(product)

        def answer_as_long_ago(route: Route) -> None:
            answer = route.fetch()
            page = re.sub('(name="now" content)="[^"]*"', r'\1="2026-11-01T12:00Z"', answer.text())
            route.fulfill(response=answer, body=page)

        ada.page.route(re.compile("/$"), answer_as_long_ago)
        ada.page.goto("/")
        expect(ada.page.locator(f"#h{pk} td.left")).to_have_text(re.compile(r"^\d+:\d\d:"))
        ada.page.evaluate(REFRESH)
        expect_calcoms_time(ada, pk, product)

    def test_marks_the_last_two_minutes(self, ada: User, product: Product) -> None:
        rows = [place(product, minutes) for minutes in (1, 2, 12)]
        ada.page.goto("/")
        expect(ada.page.locator(f"#h{rows[0]} td.left")).to_have_class("left script last")
        expect(ada.page.locator(f"#h{rows[1]} td.left")).to_have_class("left script soon")
        expect(ada.page.locator(f"#h{rows[2]} td.left")).to_have_class("left script")

    def test_and_clock_go_on_in_a_time_zone_that_the_browser_does_not_know(
        self, ada: User, product: Product
    ) -> None:
        pk = place(product, 2)
        ada.page.add_init_script(NO_ZONE)
        ada.page.add_init_script(NO_ENTRIES)
        ada.page.goto("/")
        clock = ada.page.locator("[data-clock]")
        expect(clock).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
        hour = datetime.now(ZONE).hour
        assert int(clock.inner_text()[:2]) in (hour, (hour + 1) % 24)
        shown = clock.inner_text()
        expect(clock).not_to_have_text(shown)
        expect(ada.page.locator(f"#w{pk}")).to_have_class("soon")
        assert 60 < ada.seconds_left(f"#h{pk}") <= 120


class TestPolls:
    def test_without_news_answer_304_and_change_nothing(self, ada: User, product: Product) -> None:
        box = f"#h{place(product)} [type=checkbox]"
        ada.page.goto("/")
        ada.page.check(box)
        with ada.page.expect_response("**/board?*") as poll:
            ada.page.evaluate(REFRESH)
        etag = ada.page.locator("#board").get_attribute("data-etag")
        assert (poll.value.status, poll.value.request.headers["if-none-match"]) == (304, etag)
        expect(ada.page.locator(box)).to_be_checked()
        expect(ada.page.locator(box)).to_be_focused()

    def test_stop_while_updates_are_paused(self, ada: User) -> None:
        ada.page.goto("/")
        with ada.page.expect_response("**/board?*"):
            ada.page.evaluate(POLL_NOW)
        ada.page.get_by_role("button", name="Pause updates").click()
        expect(ada.page.locator("[data-freshness]")).to_contain_text("Updates paused at")
        polls: list[str] = []
        ada.page.on("request", lambda one: polls.append(one.url) if "/board" in one.url else None)
        ada.page.evaluate(POLL_NOW)
        ada.page.evaluate(AT_REST)
        assert polls == []
        with ada.page.expect_response("**/board?*"):
            ada.page.get_by_role("button", name="Resume updates").click()

    def test_report_when_they_fail_and_when_they_work_again(self, ada: User) -> None:
        ada.page.goto("/")
        ada.page.route("**/board?*", lambda route: route.abort())
        ada.page.evaluate(REFRESH)
        expect(ada.page.locator("#status")).to_contain_text("Not updated since")
        expect(ada.page.locator("[data-freshness]")).to_contain_text("Not updated since")
        expect(ada.page.locator("#banner")).to_be_empty()
        ada.page.unroute("**/board?*")
        ada.page.evaluate(REFRESH)
        expect(ada.page.locator("[data-freshness]")).to_have_text("Updated just now")
        ada.page.route("**/htmx*.js", lambda route: route.abort())
        ada.page.reload()
        expect(ada.page.locator("[data-freshness]")).to_contain_text("Load the page again.")
        ada.complaints.clear()  # the browser reports each request that failed

    def test_keep_open_what_a_person_has_opened(self, ada: User, product: Product) -> None:
        """Even in a row that changes."""
        pk = place(product, client="Marta Ferri")
        ada.page.goto("/")
        ada.page.evaluate(
            f"""document.querySelector('#h{pk}').dataset.version = 'old';
            document.querySelector('#h{pk} .client').innerHTML =
              '<details open><summary>More</summary></details>'"""
        )
        answer = ada.page.request.get("/board?tab=everyone").text()
        closed = r"\1<details><summary>More</summary></details>"
        answer = re.sub(
            rf'(id="h{pk}".*?<td class="client"[^>]*>)', closed, answer, flags=re.DOTALL
        )
        fulfill = {"body": answer, "content_type": "text/html"}
        ada.page.route("**/board?*", lambda route: route.fulfill(**fulfill))
        ada.page.evaluate(REFRESH)
        expect(ada.page.locator(f"#h{pk} .client")).to_contain_text("Marta Ferri")
        expect(ada.page.locator(f"#h{pk} details")).to_have_attribute("open", "")

    def test_of_a_tab_that_was_left_are_dropped(self, ada: User, product: Product) -> None:
        pk = place(product)
        ada.page.goto("/")
        late = hold_back(ada.page, "**/board?tab=everyone", REFRESH)
        ada.page.locator("#tab-soon").click()
        ada.expect_text("No hold ends within five minutes.")
        with ada.page.expect_response("**/board?tab=everyone"):
            late.continue_()
        ada.page.evaluate(AT_REST)
        expect(ada.page.locator(f"#h{pk}")).to_have_count(0)

    def test_leave_a_form_open_when_the_session_has_ended(self, ada: User) -> None:
        ada.page.goto("/holds/new")
        ada.page.context.clear_cookies(name="holdfast_session")
        with ada.page.expect_response("**/warnings"):
            ada.page.evaluate("htmx.trigger('#warnings', 'refresh', {}, false)")
        ada.page.evaluate(AT_REST)
        ada.expect_path("/holds/new")


def hold_back(page: Page, pattern: str, script: str) -> Route:
    """Run the script; return the request that it makes, before it is sent."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    with page.expect_request(pattern):
        page.evaluate(script)
    while not held:  # the route is called a moment after the event
        page.evaluate(AT_REST)
    return held[0]


class TestButtonOfARow:
    def test_a_double_click_sends_once_and_the_board_stays(
        self, ada: User, product: Product
    ) -> None:
        button = f"#h{place(product)} [name=add]"
        ada.page.goto("/")
        posted: list[str] = []
        ada.page.on("request", lambda r: posted.append(r.url) if r.method == "POST" else None)
        with ada.page.expect_response("**/board?*"):
            ada.page.dblclick(button)
        expect(ada.page.locator("#status")).to_contain_text("is held until")
        expect(ada.page.locator("#messages")).to_contain_text("is held until")
        expect(ada.page.locator(button)).to_be_focused()
        assert len(posted) == 1
        expect(ada.page).to_have_title("Board · Holdfast")
        ada.expect_path("/")

    def test_a_refusal_shows_above_the_board(self, ada: User, product: Product) -> None:
        pk = place(product)
        ada.refusals.add(409)
        ada.page.goto("/")
        ada.page.get_by_role("button", name="Pause updates").click()
        product.post("vera", f"/holds/{pk}/extend", {"add": "15"})
        ada.page.click(f"#h{pk} button")
        banner = ada.page.locator("#banner")
        expect(banner).to_contain_text("The hold was changed after you opened this page.")
        ada.expect_heading("Board")
        ada.page.click("#banner [data-close]")
        expect(banner).to_be_empty()


class TestAnswer:
    def test_that_never_came_is_reported_and_the_form_keeps_its_fields(self, ada: User) -> None:
        def drop(route: Route) -> None:
            if route.request.method == "POST":
                route.abort()
            else:
                route.continue_()

        ada.page.goto("/holds/new")
        ada.page.route("**/holds/new", drop)
        ada.fill(client_name="Hedy Lamarr")
        ada.press("Hold this time")
        expect(ada.page.locator("#banner")).to_contain_text("The answer did not arrive")
        expect(ada.field("client_name")).to_have_value("Hedy Lamarr")
        ada.complaints.clear()  # the browser reports the request that failed

    def test_without_a_network_names_typed_text_only_where_there_is_some(self, ada: User) -> None:
        ada.place()
        banner = ada.page.locator("#banner")
        ada.page.context.set_offline(True)
        ada.press("+15 min")
        expect(banner).to_contain_text("it is not known yet whether it was done")
        ada.page.locator("#release [name=note]").fill("calls back")
        ada.press("Release this time")
        expect(banner).to_contain_text("What you typed is still here")
        ada.page.context.set_offline(False)
        ada.complaints.clear()  # the browser reports the requests that failed

    def test_of_a_proxy_is_never_put_into_the_page(self, ada: User) -> None:
        ada.refusals.add(502)
        body = "<html><head><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
        pk = ada.place()
        ada.page.route("**/extend", lambda route: route.fulfill(status=502, body=body))
        ada.press("+15 min")
        expect(ada.page.locator("#banner")).to_contain_text("the answer could not be shown")
        expect(ada.page.locator("#hold")).to_have_count(1)
        ada.expect_path(f"/holds/{pk}/")

    def test_that_refuses_gets_the_focus_and_the_address_stays(
        self, ada: User, product: Product
    ) -> None:
        ada.refusals.add(409)
        ada.hear_nothing_new()
        pk = ada.place()
        product.post("vera", f"/holds/{pk}/extend", {"add": "15"})
        ada.press("+15 min")
        expect(ada.page.locator("#hold [data-focus-first]")).to_be_focused()
        ada.expect_path(f"/holds/{pk}/")


def test_escape_closes_the_menu_and_gives_the_focus_back(ada: User) -> None:
    ada.page.goto("/")
    ada.page.click("details.menu summary")
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator("details.menu")).not_to_have_attribute("open", "")
    expect(ada.page.locator("details.menu summary")).to_be_focused()
