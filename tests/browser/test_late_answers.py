"""Answers that take long: the page says that it waits."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser.product import CONSULT_60, Product
from tests.browser.user import User


def test_late_answer_is_said_to_be_on_its_way(ada: User) -> None:
    held: list[Route] = []

    def hold_back(route: Route) -> None:
        held.append(route)

    ada.place()
    ada.page.route("**/extend", hold_back)
    ada.press("+15 min")
    late = ada.page.locator("#late")
    expect(late).to_have_text("Waiting for the answer …")
    expect(ada.page.locator("#status")).to_contain_text("Waiting for the answer …")
    held[0].continue_()
    expect(ada.page.locator("#messages")).to_contain_text("is held until")
    expect(late).to_have_count(0)


def test_late_answer_is_not_taken_for_that_to_another_request(ada: User, product: Product) -> None:
    held: list[Route] = []
    at = f"{product.free_time():%Y-%m-%dT%H:%M}"
    ada.page.goto(f"/holds/new?event_type_id={CONSULT_60}&slot_start={at}")

    def hold_back(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.fallback()

    ada.page.route("**/holds/new", hold_back)
    ada.press("Hold this time")
    late = ada.page.locator("#late")
    expect(late).to_be_visible()
    with ada.page.expect_response("**/holds/new?**"):
        ada.page.get_by_role("link", name="Week").click()
    expect(ada.page.locator("#times .days.week")).to_be_visible()
    expect(late).to_be_visible()
    held[0].continue_()
    expect(late).to_have_count(0)
