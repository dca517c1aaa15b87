"""Pages on screens between a phone's and a desk's."""

import pytest
from playwright.sync_api import expect

from tests.browser.user import OpenBrowser, User


@pytest.mark.parametrize("width", [768, 1024, 1152, 1280])
def test_a_week_stands_in_one_line(open_browser: OpenBrowser, width: int) -> None:
    """Look for a weekend below the other days, where it is easily missed."""
    ada = open_browser("ada", viewport={"width": width, "height": 900})
    for path in ("/holds/new?event_type_id=1&view=week", "/holds/first?view=week"):
        ada.page.goto(path)
        tops = ada.page.locator("section.day").evaluate_all(
            "(days) => days.map((day) => Math.round(day.getBoundingClientRect().top))"
        )
        assert (len(tops), len(set(tops))) == (7, 1), path
        assert ada.page.evaluate("document.documentElement.scrollWidth") == width, path


@pytest.mark.parametrize("width", [961, 1024, 1150, 1201])
def test_the_menu_stands_beside_the_name(open_browser: OpenBrowser, width: int) -> None:
    for name in ("ada", "vera"):
        user = open_browser(name, viewport={"width": width, "height": 900}, locale="de")
        user.page.goto("/settings/")
        tops = [
            user.page.locator(part).bounding_box() or {} for part in (".bar .brand", ".bar .menu")
        ]
        assert len({round(box["y"] + box["height"] / 2) for box in tops}) == 1, name


def test_the_form_of_a_chosen_time_fits_a_usual_screen(ada: User) -> None:
    """Its last field would be cut by the buttons, which stay at the bottom."""
    ada.page.goto("/holds/new?event_type_id=1")
    ada.page.locator("#times a.time").first.click()
    expect(ada.page.locator("#chosen")).to_contain_text("–")
    cut = "(form) => form.scrollHeight - form.clientHeight"
    assert ada.page.locator("#wish").evaluate(cut) == 0
