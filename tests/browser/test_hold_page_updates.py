"""Pages of holds follow what happens elsewhere, and take back what ends, also offline."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, time

import pytest
from playwright.sync_api import Response, Route, expect

from tests.browser.product import CONSULT_60, ZONE, Product
from tests.browser.test_warnings import LISTEN
from tests.browser.user import OpenBrowser, User
from tests.future_dates import day

HOUR = 3600  # seconds; every hold here ends earlier
# Resolves when the bar of warnings has polled, as it does every 15 seconds.
POLL_BAR = """new Promise((done) => {
  document.addEventListener("htmx:finally:request", () => setTimeout(done));
  htmx.trigger("#warnings", "refresh", {}, false);
})"""


@pytest.fixture
def ada(open_browser: OpenBrowser) -> User:
    """Ada, whose pages poll often."""
    user = open_browser("ada")
    user.poll_often()
    return user


def read(answer: Response) -> str:
    return answer.text() if answer.status == 200 else ""


def sleep_offline(user: User) -> None:
    """Let the computer sleep until every hold has ended, and wake without a network."""
    user.page.context.set_offline(True)
    user.wake_after(HOUR)


def stop_offline(user: User) -> None:
    """Close the page, and forget that its requests failed."""
    user.page.close()
    user.complaints.clear()


class TestEnd:
    def test_state_sentence_and_buttons_are_taken_back_offline(self, ada: User) -> None:
        ada.place()
        held = ada.page.locator("#hold .tag.live")
        again = ada.page.get_by_role("link", name="Hold again")
        parts = [ada.page.locator(name) for name in ("#extend", "#release", "#sentence")]
        for part in (held, *parts):
            expect(part).to_be_visible()
        expect(again).to_be_hidden()
        sleep_offline(ada)
        for part in (held, *parts):
            expect(part).to_be_hidden()
        expect(again).to_be_visible()
        expect(ada.page.locator("#hold .tag.ended")).to_have_text("ran out")
        stop_offline(ada)

    def test_row_of_the_board_until_the_time_is_corrected(self, ada: User) -> None:
        pk = ada.place()
        ada.page.goto("/")
        row = ada.page.locator(f"#h{pk}")
        extend = row.get_by_role("button", name="+15 min")
        expect(extend).to_be_visible()
        sleep_offline(ada)
        expect(extend).to_be_hidden()
        expect(row.locator(".acts")).to_have_text("ran out", use_inner_text=True)
        ada.page.context.set_offline(False)
        ada.page.evaluate("htmx.trigger('#board', 'refresh', {}, false)")
        expect(extend).to_be_visible()
        expect(row.locator(".acts")).not_to_contain_text("ran out")
        ada.complaints.clear()

    def test_unconfirmed_hold(self, ada: User, product: Product) -> None:
        product.calcom.faults.add("drop", when="before", method="POST")
        ada.page.goto("/holds/new")
        ada.type_time(product.free_time())
        ada.press("Hold this time")
        waiting = ada.page.get_by_text("Until it is certain")
        expect(waiting).to_be_visible()
        expect(ada.page.get_by_role("button", name="Verify with cal.com")).to_have_count(0)
        ada.check_page("hold-unconfirmed")
        ada.pass_time(HOUR)
        expect(waiting).to_be_hidden()
        expect(ada.page.locator("#hold .tag").first).to_have_text("expired")


class TestNews:
    def test_extension_and_release_elsewhere(self, ada: User, vera: User) -> None:
        pk = ada.place()
        ada.page.evaluate("window.isSamePage = true")
        vera.page.goto(f"/holds/{pk}/")
        vera.press("+30 min")
        vera.expect_text("is held until")
        expect(ada.page.locator("#hold .left").first).to_have_text(re.compile(r"^4[45]:"))
        expect(ada.page.locator("#hold .story li")).to_have_count(2)
        vera.press("Release this time")
        expect(ada.page.locator("#hold .tag").first).to_have_text("released")
        expect(ada.page.locator("#sentence, #extend, #release")).to_have_count(0)
        assert ada.page.evaluate("window.isSamePage")
        ada.expect_path(f"/holds/{pk}/")

    def test_typed_text_focus_and_open_parts_stay(self, ada: User, vera: User) -> None:
        pk = ada.place()
        ada.page.get_by_text("Until a set time…").click()
        ada.page.locator("#release [value=mistake]").check()
        note = ada.page.locator("#release [name=note]")
        note.press_sequentially("wrong cl")
        vera.page.goto(f"/holds/{pk}/")
        vera.press("+5 min")
        expect(ada.page.locator("#hold .story")).to_contain_text("extended it")  # and not begun to
        expect(note).to_be_focused()
        note.press_sequentially("ient")
        expect(note).to_have_value("wrong client")
        expect(ada.page.locator("#release [value=mistake]")).to_be_checked()
        expect(ada.page.locator("#extend details")).to_have_attribute("open", "")
        ada.press("Release this time")
        ada.expect_text("wrong client")

    def test_typed_text_stays_while_a_colleague_extends(
        self, ada: User, vera: User, product: Product
    ) -> None:
        pk = ada.place()
        note = ada.page.locator("#release [name=note]")
        note.press_sequentially("wrong cl")
        vera.page.goto(f"/holds/{pk}/")
        product.calcom.faults.add("delay", seconds=2, method="PATCH")
        button = vera.page.get_by_role("button", name="+5 min")
        with ada.page.expect_response(lambda answer: "data-passing" in read(answer)):
            button.click(no_wait_after=True)
        expect(ada.page.locator("#hold .story li")).to_have_count(2)
        expect(note).to_be_focused()
        expect(note).to_have_value("wrong cl")

    def test_form_on_its_way_keeps_the_focus_and_what_is_typed_into_another(
        self, ada: User, product: Product
    ) -> None:
        ada.place()
        product.calcom.faults.add("delay", seconds=2, method="PATCH")
        ada.page.get_by_text("Edit the client").click()
        client = ada.page.locator("#client [name=note]")
        client.fill("calls back")
        button = ada.page.get_by_role("button", name="+5 min")
        button.press("Enter")
        ada.page.evaluate(POLL_BAR)
        ada.expect_text("is held until")
        expect(ada.page.locator("#hold .left").first).to_have_text(re.compile(r"^(20|19):"))
        expect(button).to_be_focused()
        expect(client).to_have_value("calls back")
        expect(client).to_be_visible()
        ada.press("Save")
        expect(ada.page.locator("#hold .facts")).to_contain_text("calls back")


class TestOtherPages:
    def test_held_cells_of_the_picker(self, ada: User, product: Product) -> None:
        at = datetime.combine(day(0), time(10), ZONE)
        ada.page.goto(f"/holds/new?event_type_id={CONSULT_60}&day={at:%Y-%m-%d}")
        chosen = ada.page.locator("#times a.time:not(.held)", has_text="12:00")
        chosen.click()
        expect(ada.field("client_name")).to_be_focused()
        ada.page.keyboard.type("Emmy")
        product.place("grace", at, "Hedy Lamarr")
        held = ada.page.locator("#times a.time.held")
        expect(held).to_contain_text("held by grace until")
        expect(ada.field("client_name")).to_be_focused()
        expect(ada.field("client_name")).to_have_value("Emmy")
        expect(chosen).to_have_attribute("aria-current", "true")
        assert "/times" not in ada.page.url

    def test_from_part_of_a_move(self, ada: User, product: Product) -> None:
        pk = ada.place()
        to = product.free_time()
        ada.page.goto(f"/holds/{pk}/move?slot_start={to:%Y-%m-%dT%H:%M}")
        move = ada.page.get_by_role("button", name="Move it")
        expect(move).to_be_visible()
        expect(ada.page.locator("#times")).to_be_visible()
        product.post("ada", f"/holds/{pk}/release", {})
        expect(ada.page.locator("#from-to")).to_contain_text("released")
        expect(move).to_have_count(0)
        expect(ada.page.locator("#times")).to_be_hidden()

    def test_times_of_an_offer(self, ada: User, product: Product) -> None:
        pk = product.place("ada", product.free_time(), "Emmy Noether")
        page = product.post("ada", "/offers/new", {"hold": str(pk)})
        offer = page.url.params["offer"]
        product.place("ada", product.free_time(), "Emmy Noether", offer=offer)
        ada.page.goto(f"/offers/{offer}/")
        expect(ada.page.locator(".offered button")).to_have_count(2)
        product.post("ada", f"/holds/{pk}/release", {})
        expect(ada.page.locator(".offered button")).to_have_count(1)
        expect(ada.page.locator(".offered")).to_contain_text("released")

    def test_results_of_a_check_of_all(self, ada: User, product: Product) -> None:
        product.place("ada", product.free_time(), "Emmy Noether")
        pk = product.place("ada", product.free_time(), "Hedy Lamarr")
        [uid] = [row.uid for row in product.calcom.live_rows()][-1:]
        product.calcom.remove_reservations(uid)
        ada.page.goto("/")
        ada.page.locator(".under summary").click()
        ada.press("Verify all")
        expect(ada.page.locator("details.menu[open]")).to_have_count(0)
        heading = ada.page.locator("#results h2")
        expect(heading).to_have_text("cal.com has 1 of 2 holds as they stand here.")
        expect(heading).to_be_focused()
        expect(ada.page.locator(f"#h{pk}")).to_have_count(0)
        ada.check_page("board-checked")


def test_a_field_that_time_takes_away_turns_no_letter_into_a_key(ada: User) -> None:
    pk = ada.place()
    note = ada.page.locator("#release [name=note]")
    note.focus()
    sleep_offline(ada)
    expect(note).to_be_hidden()
    ada.page.keyboard.type("rings back?")
    expect(ada.page.locator("dialog[open]")).to_have_count(0)
    ada.expect_path(f"/holds/{pk}/")
    stop_offline(ada)


class TestColleague:
    """A colleague changes the hold whose page is open."""

    def test_is_read_out_once(self, ada: User, product: Product) -> None:
        ada.page.add_init_script(LISTEN)
        pk = ada.place()
        status = ada.page.locator("#status")
        for change, data, told in (
            ("extend", {"add": "15"}, "vera extended it"),
            ("release", {"reason": "mistake"}, "vera released it"),
        ):
            with ada.page.expect_response("**/poll"):
                ada.hear_nothing_new()  # or a poll in the middle is read out too
            product.post("vera", f"/holds/{pk}/{change}", data)
            ada.page.unroute("**/poll")
            expect(status).to_contain_text(told)
        extended, state, released = ada.page.evaluate("window.heard")
        assert extended.startswith("vera extended it")
        assert state == "released"
        assert released.startswith("vera released it")

    def test_is_oneself_in_another_window(self, ada: User, product: Product) -> None:
        ada.page.add_init_script(LISTEN)
        pk = ada.place()
        product.post("ada", f"/holds/{pk}/extend", {"add": "15"})
        expect(ada.page.locator("#status")).to_contain_text("extended it")
        [told] = ada.page.evaluate("window.heard")
        assert told.startswith("you extended it, ")

    def test_is_read_out_with_the_time_of_an_offer(self, ada: User, product: Product) -> None:
        pk = ada.place()
        answer = product.post("ada", "/offers/new", {"hold": str(pk)})
        ada.page.goto(f"/offers/{answer.url.params['offer']}/")
        expect(ada.page.locator("#offer-live .tag.live")).to_be_visible()
        slot = " ".join(ada.page.locator("#offer-live .when a").inner_text().split())
        product.post("vera", f"/holds/{pk}/release", {})
        expect(ada.page.locator("#status")).to_contain_text(f"{slot}: released")

    def test_takes_the_field_away_but_no_letter_becomes_a_key(
        self, ada: User, product: Product
    ) -> None:
        pk = ada.place()
        note = ada.page.locator("#release [name=note]")
        note.press_sequentially("rings")
        product.post("vera", f"/holds/{pk}/release", {})
        expect(note).to_have_count(0)
        expect(ada.page.locator("#main")).to_be_focused()
        ada.page.keyboard.type("back on Monday")
        ada.expect_path(f"/holds/{pk}/")
        ada.page.locator("h1").click()
        ada.page.keyboard.press("b")
        ada.expect_path("/")


def test_more_attempts_of_the_system_are_not_read_out(ada: User) -> None:
    counts = itertools.count(2)

    def attempt(route: Route) -> None:
        headers = {
            name: value for name, value in route.request.headers.items() if "match" not in name
        }
        answer = route.fetch(headers=headers)
        told = f'<p class="soft">{next(counts)} attempts since 12:00:05</p></li></ol>'
        route.fulfill(response=answer, body=re.sub(r"</li>\s*</ol>", told, answer.text(), count=1))

    ada.page.add_init_script(LISTEN)
    pk = ada.place()
    ada.page.route(f"**/holds/{pk}/poll", attempt)
    story = ada.page.locator("#hold .story")
    expect(story).to_contain_text("3 attempts")
    expect(story).to_contain_text("5 attempts")
    assert ada.page.evaluate("window.heard") == []
