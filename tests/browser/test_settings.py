"""Saying how one likes to work, with scripts and without, and seeing it everywhere at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk, Sit
from tests.browser.office import Office


@pytest.fixture
def grace(sit: Sit) -> Iterator[Desk]:
    """Somebody who has said nothing before, and nothing afterwards."""
    desk = sit("grace")
    desk.page.goto("/settings/")
    yield desk
    desk.page.goto("/settings/")
    for name in ("language", "time_zone", "event_type_id"):
        desk.page.locator(f"[name={name}]").select_option("")
    desk.page.locator("[name=hold_minutes]").fill("")
    desk.page.locator("[name=density][value=roomy]").check()
    desk.page.locator("main form button").click()
    expect(desk.page.locator("html")).to_have_attribute("class", "roomy keys")


def test_the_menu_leads_to_the_settings(sit: Sit) -> None:
    desk = sit("ada")
    desk.page.goto("/")
    desk.page.locator("details.menu summary").click()
    desk.page.get_by_role("link", name="Settings", exact=True).click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Your settings")
    desk.look("settings")


def test_what_is_kept_shows_on_the_next_page(grace: Desk, office: Office) -> None:
    grace.page.get_by_label("Time zone").select_option("America/New_York")
    grace.page.get_by_label("Usual appointment type").select_option(index=1)
    grace.fill(hold_minutes="25")
    grace.page.get_by_label("Compact").check()
    grace.press("Save")
    grace.told("Your settings are saved.")
    expect(grace.page.locator("html")).to_have_attribute("class", "dense keys")
    expect(grace.page.locator("header .clock")).to_contain_text("America/New_York")
    expect(grace.page.locator("footer")).to_contain_text("the office is in Europe/Rome")
    grace.page.goto("/holds/new")
    expect(grace.page.locator("[name=reservation_duration]")).to_have_value("25")
    grace.look("place-elsewhere")
    pk = grace.place(office.free_time())
    grace.page.goto("/")
    grace.look("board-dense")
    expect(grace.page.locator(f"#h{pk}")).to_be_visible()


def test_what_makes_no_sense_is_marked_and_stays(grace: Desk) -> None:
    grace.refusals.add(422)
    grace.page.locator("[name=hold_minutes]").evaluate("(field) => field.removeAttribute('max')")
    grace.fill(hold_minutes="500")
    grace.press("Save")
    field = grace.page.get_by_label("Usual minutes to hold a time")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("500")
    grace.look("settings-refused")


def test_another_language_is_spoken_from_the_next_page_on(grace: Desk) -> None:
    grace.page.get_by_label("Language").select_option("Deutsch")
    grace.press("Save")
    expect(grace.page.locator("html")).to_have_attribute("lang", "de")
    grace.told("Ihre Einstellungen sind gespeichert.")
    expect(grace.page.get_by_role("link", name="Übersicht", exact=True).first).to_be_visible()
