"""A free time is picked in seconds: by keyboard, by mouse, and without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office
from tests.future_dates import day, named

ONLY_WITH_SCRIPTS = pytest.mark.parametrize("scripts", [True], indirect=True)
FREE = "#times a.time:not(.held)"


@pytest.fixture
def monday() -> str:
    """A Monday that no test of the others uses, so that all of its hours are free."""
    return str(day(21))


def pressed(desk: Desk) -> list[str]:
    """Every key that is pressed from now on."""
    keys: list[str] = []

    def note(key: str) -> None:
        keys.append(key)

    desk.page.expose_function("pressedKey", note)
    desk.page.add_init_script(
        "addEventListener('keydown', (event) => window.pressedKey(event.key), true);"
    )
    return keys


@ONLY_WITH_SCRIPTS
def test_from_the_board_the_next_free_time_is_held_with_few_keys(ada: Desk, office: Office) -> None:
    keys = pressed(ada)
    before = office.starts()
    ada.page.goto("/")
    ada.page.keyboard.press("n")
    expect(ada.page.locator(f"{FREE}:focus")).to_have_count(1)
    offered = ada.page.locator(f"{FREE}:focus time").get_attribute("datetime")
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("#id_client_name")).to_be_focused()
    name = "Hedy"
    ada.page.keyboard.type(name)
    ada.page.keyboard.press("Enter")
    assert ada.hold
    ada.told("Hedy")

    others = len(keys) - len(name)
    [new] = [start for start in office.starts() if start not in before]
    assert others <= 6, keys
    assert f"{new:%Y-%m-%dT%H:%M}" == (offered or "")[:16]


def test_a_time_is_picked_by_clicks_alone(ada: Desk, office: Office, monday: str) -> None:
    ada.page.goto("/holds/new")
    ada.page.locator("#pick [name=event_type_id]").select_option(label=_consult(ada))
    ada.page.locator("#pick [name=day]").fill(monday)
    ada.press("Show", within="#pick")
    expect(ada.page.locator("#shown")).to_have_text(named(21))
    ada.look("pick-day")
    ada.page.get_by_role("link", name="Week", exact=True).click()
    expect(ada.page.locator("#shown")).to_have_text(f"{named(21)} – {named(27)}")
    ada.look("pick-week")
    tuesday = ada.page.locator("section.day", has=ada.page.get_by_role("link", name=named(22)))
    hour = 15 if ada.scripts else 16
    tuesday.locator(FREE.removeprefix("#times "), has_text=f"{hour}:00").click()
    expect(ada.page.locator("#chosen")).to_contain_text(f"{named(22)} {hour}:00–{hour + 1}:00")
    ada.look("pick-chosen")
    ada.fill(client_name="Emmy Noether")
    ada.press("Hold this time")
    ada.told("Emmy Noether")
    ada.told(f"{hour}:00–{hour + 1}:00")
    assert f"{day(22):%m-%d} {hour - 1}:00" in {f"{start:%m-%d %H:%M}" for start in office.starts()}


def _consult(desk: Desk) -> str:
    options = desk.page.locator("#pick [name=event_type_id] option").all_inner_texts()
    return next(option for option in options if option.startswith("Consult 60"))


@ONLY_WITH_SCRIPTS
def test_what_is_typed_stays_while_the_days_change(ada: Desk, monday: str) -> None:
    ada.page.goto(f"/holds/new?event_type_id=1&day={monday}")
    ada.fill(client_name="Sophie Germain", note="rings back at four")
    ada.page.locator("#on").click()
    expect(ada.page.locator("#shown")).to_have_text(named(22))
    ada.page.locator(FREE).nth(2).click()
    expect(ada.page.locator("#chosen")).to_contain_text(f"{named(22)} 11:00")
    expect(ada.field("client_name")).to_have_value("Sophie Germain")
    expect(ada.field("note")).to_have_value("rings back at four")
    expect(ada.page.locator(f"{FREE}[aria-current]")).to_have_count(1)
    assert f"slot_start={day(22)}T11%3A00" in ada.path
    assert "Sophie" not in ada.path


@ONLY_WITH_SCRIPTS
def test_arrow_keys_walk_through_the_times(ada: Desk, monday: str) -> None:
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
    assert ada.page.locator("#times a.time[tabindex='0']").count() == 1
    ada.page.keyboard.press("PageDown")
    expect(ada.page.locator("#shown")).to_have_text(f"{named(28)} – {named(34)}")
    expect(focused).to_have_count(1)
    expect(ada.page.locator("#status")).to_contain_text(f"{named(28)} – {named(34)}: 80 free")
    ada.page.keyboard.press("PageUp")
    expect(ada.page.locator("#shown")).to_have_text(f"{named(21)} – {named(27)}")


@ONLY_WITH_SCRIPTS
def test_another_event_type_shows_at_once_and_the_list_keeps_the_focus(
    ada: Desk, monday: str
) -> None:
    ada.page.goto(f"/holds/new?event_type_id=1&day={monday}")
    what = ada.page.locator("#pick [name=event_type_id]")
    what.focus()
    what.select_option("2")
    expect(ada.page.locator("#pick [name=slot_duration]")).to_have_value("30")
    expect(ada.page.locator(FREE)).to_have_count(16)
    expect(what).to_be_focused()
    ada.page.locator("#pick [name=slot_duration]").select_option("180")
    expect(ada.page.locator(FREE)).to_have_count(2)
    assert "slot_duration=180" in ada.path


def test_a_taken_time_leads_to_the_next_by_one_click(ada: Desk, office: Office) -> None:
    ada.refusals.add(409)
    taken = office.free_time() - timedelta(hours=8)
    office.calcom.insert_hold(1, taken)
    ada.page.goto("/holds/new")
    ada.type_time(taken)
    ada.fill(client_name="Ada & <Co>", note="called at nine")
    ada.press("Hold this time")
    ada.told("This time is already reserved by someone else.")
    ada.look("pick-way-out")
    way = ada.page.get_by_role("button", name=re.compile(r" \d\d:00$")).first
    ada.page.locator("#wish").get_by_role("button", name=way.inner_text(), exact=True).click()
    assert ada.hold
    ada.told("Ada & <Co>")
    ada.told("called at nine")


def test_two_people_see_each_others_holds_among_the_times(ada: Desk, sit: Sit, monday: str) -> None:
    address = f"/holds/new?event_type_id=4&day={monday}"
    ada.page.goto(address)
    ada.page.locator(FREE, has_text="14:30").click()
    expect(ada.page.locator("#chosen")).to_contain_text("14:30")
    ada.press("Hold this time")
    pk = ada.hold
    grace = sit("grace")
    grace.page.goto(address)
    held = grace.page.locator("#times a.time.held", has_text="14:30")
    expect(held).to_contain_text("held by ada until")
    grace.look("pick-held")
    held.click()
    assert grace.hold == pk
    ada.press("Release this time")
    ada.told("Released")


def test_a_move_goes_where_the_grid_is_clicked(ada: Desk, office: Office) -> None:
    at = office.free_time() - timedelta(hours=6)
    ada.page.goto(f"/holds/new?event_type_id=1&day={at.date()}")
    if not ada.page.locator(FREE).count():
        at += timedelta(days=8 - at.isoweekday())
        ada.page.goto(f"/holds/new?event_type_id=1&day={at.date()}")
    ada.page.locator(FREE).first.click()
    expect(ada.page.locator("#chosen .slot-time")).to_be_visible()
    ada.press("Hold this time")
    pk = ada.hold
    ada.page.goto(f"/holds/{pk}/move")
    ada.look("move-grid")
    there = ada.page.locator(FREE).last
    to = there.locator("time").inner_text()
    there.click()
    expect(ada.page.locator(".to .slot-time")).to_contain_text(to)
    if ada.scripts:
        expect(ada.page.get_by_role("button", name="Move it")).to_be_focused()
    ada.look("move-grid-preview")
    ada.press("Move it")
    ada.told("Moved:")
    ada.told(f"{to}–")
