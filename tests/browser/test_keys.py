"Keyboard shortcuts: shown, pressed, out of the way while somebody types, switched off."

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office

HINT = "(element) => getComputedStyle(element, '::after').content"


@pytest.fixture(params=[True], ids=["with-scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    """Keys are pressed for a script; what is there without one is tried below."""
    return bool(request.param)


def hints(desk: Desk, within: str) -> list[str]:
    """The keys that people see on what is there to press."""
    shown = [one.evaluate(HINT) for one in desk.page.locator(f"{within} [data-key]:visible").all()]
    return [re.findall(r'"(.)"', content)[0] for content in shown if content != "none"]


@pytest.mark.parametrize(
    ("key", "path", "heading"),
    [("n", "/holds/new", "Hold a time"), ("b", "/", "Board"), ("l", "/look-up", "Look up")],
)
def test_a_key_leads_to_its_page(ada: Desk, key: str, path: str, heading: str) -> None:
    ada.page.goto("/look-up" if key == "b" else "/")
    ada.page.keyboard.press(key)
    expect(ada.page.get_by_role("heading", level=1)).to_contain_text(heading)
    assert ada.path.partition("?")[0] == path


def test_every_key_stands_where_it_works(ada: Desk) -> None:
    ada.page.goto("/")
    assert hints(ada, "header") == ["b", "n", "l"]
    assert hints(ada, "footer") == ["?"]
    link = ada.page.get_by_role("link", name="Hold a time", exact=True).first
    expect(link).to_have_attribute("aria-keyshortcuts", "n")


def test_the_sheet_names_every_key_and_gives_the_focus_back(ada: Desk) -> None:
    ada.page.goto("/")
    button = ada.page.get_by_role("button", name="Keys", exact=True)
    button.focus()
    ada.page.keyboard.press("?")
    sheet = ada.page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    assert sheet.locator("kbd").all_inner_texts() == ["n", "b", "/", "l", "e", "?", "Esc"]
    ada.look("keys")
    ada.page.keyboard.press("n")  # behind a dialog nothing is pressed
    expect(sheet).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_slash_goes_to_the_field_that_finds(ada: Desk, office: Office) -> None:
    ada.place(office.free_time())
    ada.page.goto("/")
    field = ada.page.locator("[data-key='/']")
    hint = "(form) => getComputedStyle(form, '::after').content"
    assert ada.page.locator(".find").evaluate(hint) == '"/" / ""'
    ada.page.keyboard.press("/")
    assert ada.page.locator(".find").evaluate(hint) == "none"
    expect(field).to_be_focused()
    expect(field).to_have_value("")


def test_nothing_happens_while_somebody_types(ada: Desk) -> None:
    ada.page.goto("/look-up")
    field = ada.page.get_by_label("Reservation uid")
    field.click()
    ada.page.keyboard.type("bnle?")
    expect(field).to_have_value("bnle?")
    assert ada.path == "/look-up"


@pytest.mark.parametrize("chord", ["Control+b", "Alt+b", "Meta+b", "Control+Alt+b"])
def test_keys_of_browsers_and_screen_readers_are_theirs(ada: Desk, chord: str) -> None:
    ada.page.goto("/look-up")
    ada.page.evaluate("document.addEventListener('keydown', (e) => (window.kept = e))")
    ada.page.keyboard.press(chord)
    assert ada.page.evaluate("window.kept.defaultPrevented") is False
    assert ada.path == "/look-up"


def test_e_extends_ones_own_that_ends_first(ada: Desk, sit: Sit, office: Office) -> None:
    grace = sit("grace")
    grace.place(office.free_time(), reservation_duration="5")
    later = ada.place(office.free_time(), reservation_duration="40")
    first = ada.place(office.free_time(), reservation_duration="7")
    ada.page.goto("/")
    assert hints(ada, "tr") == ["e"]
    ends = {pk: until(ada.page.locator(f"#h{pk}")) for pk in (first, later)}
    ada.page.keyboard.press("e")
    expect(ada.page.locator("#messages")).to_contain_text("is held until")
    expect(ada.page.locator(f"#h{first} .until")).not_to_contain_text(ends[first])
    assert until(ada.page.locator(f"#h{later}")) == ends[later]
    minutes = [
        (row.release_at - office.calcom.clock.now()).total_seconds() / 60
        for row in office.calcom.live_rows()
    ]
    assert sorted(map(round, minutes[-3:])) == [5, 22, 40]


def until(row: Locator) -> str:
    return row.locator(".until").inner_text()


def test_e_extends_the_hold_whose_page_is_open(ada: Desk, office: Office) -> None:
    ada.place(office.free_time(), reservation_duration="30")
    assert hints(ada, "main") == ["e"]
    ada.page.keyboard.press("e")
    ada.told("is held until")
    assert ada.seconds_left() > 44 * 60


# How far the middle of a button's words is from its own.
ASIDE = """(button) => {
  const words = new Range();
  words.selectNodeContents(button);
  const [text, box] = [words, button].map((one) => one.getBoundingClientRect());
  return text.left + text.width / 2 - box.left - box.width / 2;
}"""


def test_a_button_that_lends_its_key_to_the_bar_keeps_its_size(ada: Desk, office: Office) -> None:
    pk = ada.place(office.free_time(), reservation_duration="30")
    button = ada.page.locator("#add-15")
    width = "(button) => button.getBoundingClientRect().width"
    before = button.evaluate(width)
    ada.place(office.free_time(), reservation_duration="2")
    ada.page.goto(f"/holds/{pk}/")
    assert hints(ada, "main") == []
    assert button.evaluate(width) == pytest.approx(before, abs=0.5)
    assert abs(button.evaluate(ASIDE)) < 1


def test_an_admin_extends_nobody_elses_hold_by_a_slip(sit: Sit, office: Office) -> None:
    grace = sit("grace")
    pk = grace.place(office.free_time(), reservation_duration="4")
    vera = sit("vera")
    vera.page.goto(f"/holds/{pk}/")
    before = vera.seconds_left()
    vera.page.keyboard.press("e")
    vera.page.wait_for_timeout(300)
    assert vera.seconds_left() <= before
    assert hints(vera, "main") == []


def test_whoever_switched_them_off_neither_sees_nor_presses_any(sit: Sit) -> None:
    grace = sit("grace")
    grace.page.goto("/settings/")
    grace.page.get_by_label("Keyboard shortcuts").uncheck()
    grace.press("Save")
    grace.told("Your settings are saved.")
    try:
        assert hints(grace, "body") == []
        expect(grace.page.get_by_role("button", name="Keys", exact=True)).to_have_count(0)
        grace.page.keyboard.press("b")
        grace.page.keyboard.press("?")
        grace.page.wait_for_timeout(300)
        assert grace.path == "/settings/"
        assert grace.page.locator("dialog").count() == 0
    finally:
        grace.page.get_by_label("Keyboard shortcuts").check()
        grace.press("Save")
        grace.told("Your settings are saved.")
