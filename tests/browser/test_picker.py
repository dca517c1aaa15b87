"""Picking a free time: by keyboard, by mouse, and without scripts."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest
from playwright.sync_api import Route, expect

from tests.browser.product import CONSULT_60, ZONE, Product, typed
from tests.browser.user import PHONE, OpenBrowser, User, in_both_ways
from tests.future_dates import day, named

FREE = "#times a.time:not(.held)"
# What the buttons say that a message lies upon.
COVERED_BUTTONS = """
(message) => {
  const above = message.getBoundingClientRect();
  const isCovered = ({ top, bottom }) => above.top < bottom && top < above.bottom;
  return [...document.querySelectorAll("#wish button")]
    .filter((button) => isCovered(button.getBoundingClientRect()))
    .map((button) => button.textContent.trim());
}
"""


@pytest.fixture
def monday() -> str:
    """A Monday in the future whose hours are all free."""
    return str(day(21))


def record_keys(user: User) -> list[str]:
    """Return a list that gets every key pressed from now on."""
    keys: list[str] = []

    def note(key: str) -> None:
        keys.append(key)

    user.page.expose_function("pressedKey", note)
    user.page.add_init_script(
        "addEventListener('keydown', (event) => window.pressedKey(event.key), true);"
    )
    return keys


def test_the_next_free_time_takes_few_keys_from_the_board(ada: User, product: Product) -> None:
    keys = record_keys(ada)
    ada.page.goto("/")
    ada.page.keyboard.press("n")
    expect(ada.page.locator(f"{FREE}:focus")).to_have_count(1)
    offered = ada.page.locator(f"{FREE}:focus time").get_attribute("datetime")
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("#id_client_name")).to_be_focused()
    name = "Hedy"
    ada.page.keyboard.type(name)
    ada.page.keyboard.press("Enter")
    assert ada.hold_id
    heading = " ".join(ada.page.locator("h1").inner_text().split())
    expect(ada.page.locator("#status")).to_contain_text(heading)
    ada.expect_text("Hedy")

    assert len(keys) - len(name) <= 6, keys
    [start] = product.starts()
    assert f"{start:%Y-%m-%dT%H:%M}" == (offered or "")[:16]


@in_both_ways
def test_a_time_is_picked_with_the_mouse_alone(ada: User, product: Product, monday: str) -> None:
    ada.page.goto("/holds/new")
    ada.page.locator("#pick [name=event_type_id]").select_option(CONSULT_60)
    ada.page.locator("#pick [name=day]").fill(monday)
    if not ada.scripts:
        ada.page.locator("#pick > button").click()
    expect(ada.page.locator("#shown")).to_have_text(named(21))
    ada.page.get_by_role("link", name="Week", exact=True).click()
    expect(ada.page.locator("#shown")).to_have_text(f"{named(21)} – {named(27)}")
    ada.check_page("pick-week")
    tuesday = ada.page.locator("section.day", has=ada.page.get_by_role("link", name=named(22)))
    tuesday.locator(FREE.removeprefix("#times "), has_text="15:00").click()
    expect(ada.page.locator("#chosen")).to_contain_text(f"{named(22)} 15:00–16:00")
    ada.fill(client_name="Emmy Noether")
    ada.press("Hold this time")
    ada.expect_text("Emmy Noether")
    ada.expect_text("15:00–16:00")
    assert product.starts() == [datetime.combine(day(22), time(15), ZONE)]


def test_another_time_of_an_offer_takes_a_key_and_no_message_is_in_the_way(
    ada: User, monday: str
) -> None:
    ada.page.goto(f"/holds/new?event_type_id=1&day={monday}")
    ada.page.locator(FREE).first.click()
    expect(ada.page.locator("[data-chosen]")).to_contain_text(named(21))
    ada.press("Hold and add another option")
    message = ada.page.locator("#messages")
    expect(message).to_contain_text("is held until")
    covered = message.evaluate(COVERED_BUTTONS)
    assert covered == []
    expect(ada.page.locator(FREE).first).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.field("note")).to_be_focused()  # the client is given


def test_the_form_beside_a_long_list_is_used_on_a_low_screen(ada: User, monday: str) -> None:
    ada.page.set_viewport_size({"width": 1366, "height": 640})
    ada.page.goto(f"/holds/new?event_type_id=1&day={monday}")
    ada.page.evaluate("document.getElementById('times').style.minHeight = '3000px'")
    button = ada.page.get_by_role("button", name="Hold this time")
    expect(button).to_be_in_viewport(ratio=1)
    ada.field("reservation_duration").click()  # which scrolls it above the buttons
    expect(ada.field("reservation_duration")).to_be_focused()
    # Several warnings cover up to 40 of 100 parts of the screen. Measured at once: a script counts
    # the warnings each second, and there are none.
    end = ada.page.evaluate("""() => {
        document.documentElement.dataset.warned = "many";
        return document.getElementById("wish").getBoundingClientRect().bottom;
    }""")
    assert end <= 0.6 * 640


def test_the_form_reaches_down_to_the_warnings(ada: User, product: Product, monday: str) -> None:
    for _ in range(2):
        product.place("ada", product.free_time(), "Li Wen", reservation_duration="2")
    ada.page.goto(f"/holds/new?event_type_id=1&day={monday}")
    expect(ada.page.locator("#warnings li:visible")).to_have_count(2)
    ada.page.wait_for_function("""() => {
        const [form, bar] = ["wish", "warnings"].map((id) => document.getElementById(id));
        const gap = bar.getBoundingClientRect().top - form.getBoundingClientRect().bottom;
        return 0 < gap && gap < 40;
    }""")  # once the next tick has measured the bar


def test_what_is_pressed_is_marked_before_the_answer(ada: User, monday: str) -> None:
    held: list[Route] = []

    def keep(route: Route) -> None:  # a method of a list will not do
        held.append(route)

    for pressed in (FREE, "#by-week", "#on"):
        ada.page.goto(f"/holds/new?event_type_id=1&day={monday}")
        ada.page.route("**/holds/new?*", keep)
        link = ada.page.locator(pressed).first
        link.click()
        expect(link).to_have_attribute("aria-busy", "true")
        while not held:  # the route is called a moment after the event
            ada.page.evaluate("new Promise((done) => setTimeout(done))")
        held.pop().continue_()
        expect(ada.page.locator("#times [aria-busy]")).to_have_count(0)
        ada.page.unroute("**/holds/new?*")


def test_arrow_keys_walk_through_the_times(ada: User, monday: str) -> None:
    ada.page.goto(f"/holds/new?event_type_id=4&day={monday}&view=week")
    focused = ada.page.locator("#times a.time:focus")
    expect(focused).to_contain_text("09:00")
    walk = [
        ("ArrowDown", f"09:30 {named(21)}"),
        ("ArrowRight", f"10:00 {named(21)}"),
        ("ArrowUp", f"09:30 {named(21)}"),
        ("ArrowLeft", f"09:00 {named(21)}"),
        ("End", f"16:30 {named(25)}"),
        ("Home", f"09:00 {named(21)}"),
    ]
    for key, there in walk:
        ada.page.keyboard.press(key)
        expect(focused).to_have_text(there)
    expect(ada.page.locator("#times a.time[tabindex='0']")).to_have_count(1)
    ada.page.keyboard.press("PageDown")
    expect(ada.page.locator("#status")).to_contain_text(f"{named(28)} – {named(34)}: 80 free")
    expect(ada.page.locator("#shown")).to_have_text(f"{named(28)} – {named(34)}")
    expect(focused).to_have_count(1)
    ada.page.keyboard.press("PageUp")
    expect(ada.page.locator("#shown")).to_have_text(f"{named(21)} – {named(27)}")


def test_another_event_type_shows_at_once_and_keeps_the_focus(ada: User, monday: str) -> None:
    ada.page.goto(f"/holds/new?event_type_id=1&day={monday}")
    event_type = ada.page.locator("#pick [name=event_type_id]")
    event_type.focus()
    event_type.select_option("2")
    expect(ada.page.locator("#pick [name=slot_duration]")).to_have_value("30")
    expect(ada.page.locator(FREE)).to_have_count(16)
    expect(event_type).to_be_focused()
    ada.page.locator("#pick [name=slot_duration]").select_option("180")
    expect(ada.page.locator(FREE)).to_have_count(2)
    ada.expect_query("slot_duration=180")
    ada.page.locator("#pick summary").click()
    ada.page.locator("#pick [name=client_zone]").fill("Nowhere")
    ada.page.locator("#pick details button").click()
    expect(ada.page.locator("#pick [aria-invalid=true]")).to_be_focused()


def test_a_taken_time_keeps_the_fields_and_offers_the_next_one(ada: User, product: Product) -> None:
    ada.refusals.add(409)
    taken = product.free_time() - timedelta(hours=8)
    product.calcom.insert_reservation(1, taken)
    ada.page.goto("/holds/new")
    ada.type_time(taken)
    ada.fill(client_name="Ada & <Co>", note="called at nine")
    ada.press("Hold this time")
    ada.press("Hold it anyway")
    ada.expect_text("This time is already reserved at cal.com.")
    ada.expect_path("/holds/new")
    expect(ada.field("client_name")).to_have_value("Ada & <Co>")
    expect(ada.field("note")).to_have_value("called at nine")
    expect(ada.field("slot_start")).to_have_value(typed(taken))
    expect(ada.field("event_type_id")).to_have_value("1")
    ada.check_page("pick-next-free")
    ada.page.locator("#wish button[name=slot_start]").first.click()
    assert ada.hold_id
    ada.expect_text("Ada & <Co>")
    ada.expect_text("called at nine")


def test_a_colleagues_hold_shows_among_the_times(
    open_browser: OpenBrowser, product: Product, monday: str
) -> None:
    at = datetime.combine(day(21), time(14, 30), ZONE)
    pk = product.place("ada", at, "Hedy Lamarr", event_type_id="4")
    grace = open_browser("grace")
    grace.page.goto(f"/holds/new?event_type_id=4&day={monday}")
    held = grace.page.locator("#times a.time.held", has_text="14:30")
    expect(held).to_contain_text("held by ada until")
    grace.check_page("pick-held")
    held.click()
    assert grace.hold_id == pk


def test_after_a_wait_the_times_are_asked_for_again(ada: User, product: Product) -> None:
    product.calcom.faults.add("429", route="/v2/slots", seconds=1)
    ada.page.goto(f"/holds/new?event_type_id=1&day={day(42)}")  # which no other test has read
    expect(ada.page.get_by_role("timer")).to_have_text("You can try again now.")
    expect(ada.page.locator(FREE)).to_have_count(0)
    ada.page.get_by_role("button", name="Try again").press("Enter")
    expect(ada.page.locator(FREE).first).to_be_focused()


def test_a_move_goes_to_the_time_that_is_clicked(ada: User, product: Product, monday: str) -> None:
    pk = ada.place(datetime.combine(day(21), time(9), ZONE))
    ada.page.set_viewport_size({**PHONE, "height": 750})
    ada.page.goto(f"/holds/{pk}/move")
    target = ada.page.locator(FREE).last
    to = target.locator("time").inner_text()
    target.click()
    expect(ada.page.locator(".to .slot-time")).to_contain_text(to)
    expect(ada.page.get_by_role("button", name="Move it")).to_be_focused()
    expect(ada.page.locator("#from-to")).to_be_in_viewport(ratio=1)
    ada.press("Move it")
    ada.expect_text("Moved:")
    ada.expect_text(f"{to}–")
    ada.expect_path(f"/holds/{pk}/")
    ada.page.go_back()  # not to a move that is refused, because the hold has this time
    expect(ada.page).to_have_title(re.compile(to))
    ada.expect_path(f"/holds/{pk}/")
