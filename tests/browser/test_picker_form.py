"""The form beside the free times: what it has while these change or are still on their way."""

from __future__ import annotations

from datetime import datetime, time

from playwright.sync_api import Route, expect

from tests.browser.product import ZONE, Product
from tests.browser.test_picker import FREE
from tests.browser.user import User
from tests.future_dates import day, named

CHOICE = "**/holds/new?*slot_start=*"  # the request for a chosen time


def test_the_form_keeps_its_fields_while_the_days_change(ada: User) -> None:
    ada.page.goto(f"/holds/new?event_type_id=1&day={day(21)}")
    ada.fill(client_name="Sophie Germain", note="rings back at four")
    ada.page.locator("#on").click()
    expect(ada.page.locator("#shown")).to_have_text(named(22))
    ada.page.locator(FREE).nth(2).click()
    expect(ada.page.locator("#chosen")).to_contain_text(f"{named(22)} 11:00")
    expect(ada.field("client_name")).to_have_value("Sophie Germain")
    expect(ada.field("note")).to_have_value("rings back at four")
    expect(ada.page.locator(f"{FREE}[aria-current]")).to_have_count(1)
    ada.expect_query(f"slot_start={day(22)}T11%3A00")
    assert "Sophie" not in ada.page.url
    expect(ada.page.locator("[data-chosen]")).to_contain_text("11:00")
    ada.page.locator("#chosen summary").click()
    ada.fill(slot_start=f"{day(23)}T12:00")
    expect(ada.page.locator("[data-chosen]")).to_be_empty()
    expect(ada.page.locator(".chosen-time")).to_be_hidden()
    ada.page.locator(FREE).nth(3).click()
    expect(ada.page.locator(".chosen-time")).to_be_visible()
    expect(ada.page.locator("[data-chosen]")).to_contain_text("12:00")


def test_without_a_time_the_chosen_days_stay_and_the_form_goes_along(ada: User) -> None:
    ada.refusals.add(422)
    ada.page.goto(f"/holds/new?event_type_id=1&day={day(21)}")
    ada.page.get_by_role("link", name="Week", exact=True).click()
    ada.page.locator("#pick [name=event_type_id]").select_option("2")
    ada.page.locator("#pick [name=slot_duration]").select_option("180")
    expect(ada.page.locator(FREE)).to_have_count(10)
    expect(ada.field("event_type_id")).to_have_value("2")
    expect(ada.field("slot_duration")).to_have_value("180")
    expect(ada.page.locator("#wish")).not_to_have_attribute("data-typed", "")
    ada.fill(client_name="Sophie Germain")
    ada.field("client_name").press("Enter")
    expect(ada.page.locator("[data-focus-first]")).to_be_focused()
    expect(ada.page.locator("#shown")).to_have_text(f"{named(21)} – {named(27)}")
    expect(ada.page.locator("#pick [name=event_type_id]")).to_have_value("2")
    expect(ada.page.locator("#pick [name=slot_duration]")).to_have_value("180")
    expect(ada.field("client_name")).to_have_value("Sophie Germain")


def test_a_time_typed_for_an_event_type_keeps_it(ada: User) -> None:
    ada.page.goto(f"/holds/new?event_type_id=1&day={day(21)}")
    ada.page.locator("#chosen summary").click()
    ada.fill(slot_start=f"{day(21)}T12:00")
    ada.page.locator("#pick [name=event_type_id]").select_option("2")
    expect(ada.page.locator("#pick [name=slot_duration]")).to_have_value("30")
    expect(ada.field("event_type_id")).to_have_value("1")


def hold_back_choices(user: User) -> list[Route]:
    """Open the free times of a day; return the list of requests for chosen times, which wait."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    user.page.goto(f"/holds/new?event_type_id=1&day={day(24)}")
    user.page.route(CHOICE, keep)
    return held


def test_a_name_typed_before_the_answer_is_in_the_form(ada: User, product: Product) -> None:
    held = hold_back_choices(ada)
    ada.page.locator(FREE, has_text="10:00").press("Enter")
    ada.page.keyboard.type("Noble")  # n, b, l and e are keys
    expect(ada.field("client_name")).to_have_value("Noble")
    ada.page.keyboard.press("Tab")
    held[0].continue_()
    expect(ada.page.locator("[data-chosen]")).to_contain_text(f"{named(24)} 10:00")
    expect(ada.field("client_contact")).to_be_focused()
    with ada.page.expect_request(CHOICE):
        ada.page.locator(FREE, has_text="12:00").press("Enter")
    expect(ada.page.locator("[data-chosen]")).to_be_empty()
    held[1].abort()
    expect(ada.page.locator("#banner")).to_contain_text("Holdfast did not answer.")
    expect(ada.field("slot_start")).to_have_value("")
    ada.page.locator(FREE, has_text="11:00").press("Enter")
    expect(ada.page.locator("[data-chosen]")).to_be_empty()
    ada.page.keyboard.press("Enter")
    assert ada.hold_id
    held[2].abort()
    assert product.starts() == [datetime.combine(day(24), time(11), ZONE)]
    ada.complaints.clear()  # the browser may report the request that ended


def test_of_two_times_the_form_has_the_last_chosen(ada: User) -> None:
    held = hold_back_choices(ada)
    for clock in ("14:00", "15:00"):
        with ada.page.expect_request(CHOICE):
            ada.page.locator(FREE, has_text=clock).click()
    expect(ada.page.locator(f"{FREE}[aria-busy]")).to_have_count(1)
    expect(ada.field("slot_start")).to_have_value(f"{day(24)}T15:00")
    for route in held:
        route.continue_()
    expect(ada.page.locator("[data-chosen]")).to_contain_text(f"{named(24)} 15:00")
    expect(ada.field("slot_start")).to_have_value(f"{day(24)}T15:00")
    ada.complaints.clear()  # the browser may report the request that ended


def test_days_shown_before_the_answer_mark_no_time_of_another_day(ada: User) -> None:
    held = hold_back_choices(ada)
    with ada.page.expect_request(CHOICE):
        ada.page.locator(FREE, has_text="14:00").click()
    ada.page.locator("#on").click()
    expect(ada.page.locator("#shown")).to_have_text(named(25))
    held[0].continue_()
    expect(ada.page.locator("[data-chosen]")).to_contain_text(f"{named(24)} 14:00")
    expect(ada.page.locator(f"{FREE}[aria-current]")).to_have_count(0)
